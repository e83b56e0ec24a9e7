//! Where the shared ledger is kept.

use std::path::Path;

use super::exchange::{Reply, Request};
use super::failure::Failure;
use super::file::FileStore;
#[cfg(feature = "redis")]
use super::redis::RedisStore;
use crate::error::Error;
use crate::shared_limits::LedgerAddress;

/// The ledger of one account.
#[derive(Debug)]
pub(in crate::limiter) enum Store {
    File(FileStore),
    #[cfg(feature = "redis")]
    Redis(Box<RedisStore>),
}

impl Store {
    /// The ledger of the account `id` at `address`, for a program in `language`.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) where it can be told without a connection that there can't be one.
    pub(in crate::limiter) fn open(address: &LedgerAddress, id: &str, language: &str) -> Result<Self, Error> {
        match address {
            LedgerAddress::Folder(folder) => Ok(Self::File(FileStore::open(Path::new(folder), id)?)),
            #[cfg(feature = "redis")]
            LedgerAddress::Redis(address) => Ok(Self::Redis(Box::new(RedisStore::open(address, id, language)?))),
            #[cfg(not(feature = "redis"))]
            LedgerAddress::Redis(_) => {
                let _ = language;
                Err(Error::invalid_config("This build can't share limits through Redis: enable the feature `redis`."))
            }
        }
    }

    pub(in crate::limiter) async fn exchange(&mut self, request: &Request) -> Result<Reply, Failure> {
        match self {
            Self::File(store) => store.exchange(request).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.exchange(request).await,
        }
    }

    /// What may lose the ledger's data, once it is known.
    pub(in crate::limiter) fn danger(&mut self) -> Option<String> {
        match self {
            Self::File(_) => None,
            #[cfg(feature = "redis")]
            Self::Redis(store) => store.danger(),
        }
    }
}
