//! A cache of clients, one per configuration, for functions that make a call without a client.

use std::sync::{Mutex, PoisonError};

use crate::builder::ClientBuilder;
use crate::config::Config;
use crate::error::Error;

const MAX_KEPT: usize = 16;

/// The 16 clients that were made last, so that the second call reuses the connection of the first.
#[derive(Debug)]
pub struct ClientCache<C> {
    kept: Mutex<Vec<(Config, C)>>,
}

impl<C> Default for ClientCache<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> ClientCache<C> {
    /// An empty cache.
    pub const fn new() -> Self {
        Self { kept: Mutex::new(Vec::new()) }
    }
}

impl<C: Clone> ClientCache<C> {
    /// The client with these settings; `make` makes it if there is none.
    ///
    /// # Errors
    /// What is wrong with the settings, or what `make` returns.
    pub fn get(
        &self,
        builder: ClientBuilder,
        make: impl FnOnce(ClientBuilder) -> Result<C, Error>,
    ) -> Result<C, Error> {
        let config = builder.clone().check()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = kept.iter().find(|(made_from, _)| *made_from == config) {
            return Ok(client.clone());
        }
        let client = make(builder)?;
        if kept.len() == MAX_KEPT {
            kept.remove(0);
        }
        kept.push((config, client.clone()));
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientCache, MAX_KEPT};
    use crate::Client;
    use crate::error::ErrorKind;

    #[test]
    fn equal_settings_share_a_client_and_the_oldest_goes_first() {
        let clients = ClientCache::new();
        let mut made = 0;
        let mut get = |key: &str| {
            let builder = Client::builder().api_key(key).base_url("http://localhost:1");
            clients.get(builder, |_| {
                made += 1;
                Ok(made)
            })
        };
        assert_eq!((get("k").unwrap(), get(" Bearer k").unwrap(), get("l").unwrap()), (1, 1, 2));
        for other in 0..MAX_KEPT {
            get(&format!("key{other}")).unwrap();
        }
        assert_eq!(get("k").unwrap(), 3 + MAX_KEPT);
        assert_eq!(get("").unwrap_err().kind(), ErrorKind::MissingApiKey);
    }
}
