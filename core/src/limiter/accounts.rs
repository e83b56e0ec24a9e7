//! The limiters of this process, one per account.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;
use sha2::{Digest, Sha256};

use super::Limiter;
use super::shared::Store;
use crate::config::Config;
use crate::error::Error;
use crate::per_process::PerProcess;
use crate::secret::Secret;
use crate::shared_limits::{LedgerAddress, SharedLimitsFallback};

/// An account, without its key: its name, or else a base URL and a key, hashed.
type AccountId = [u8; 32];

/// A forked child begins anew: in the limiters of its parent, slots are held by threads that it does not have.
static ACCOUNTS: PerProcess<Mutex<Vec<Account>>> = PerProcess::new();

struct Account {
    id: AccountId,
    /// Where its ledger is that processes share, and what happens without it.
    ledger: Option<(LedgerAddress, SharedLimitsFallback)>,
    limiter: Arc<Limiter>,
}

/// The limiter that all clients of an account share. It outlives them for as long as a request of theirs counts.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when there can't be a ledger where the settings say.
pub(crate) fn of_account(config: &Config) -> Result<Arc<Limiter>, Error> {
    let id = match &config.shared_limits_account {
        Some(name) => Sha256::digest(name).into(),
        None => account_id(&config.base_url, &config.key),
    };
    let mut accounts = ACCOUNTS.get_or_default().lock().unwrap_or_else(PoisonError::into_inner);
    accounts.retain(|account| Arc::strong_count(&account.limiter) > 1 || !account.limiter.is_blank());
    let ledger = config.shared_limits.clone().map(|address| (address, config.shared_limits_fallback));
    let known = accounts.iter().find(|account| account.id == id && account.ledger == ledger);
    if let Some(account) = known {
        return Ok(Arc::clone(&account.limiter));
    }
    let limiter = match &ledger {
        None => Limiter::new(),
        Some((address, fallback)) => {
            let name: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            Limiter::shared(Store::open(address, &name, config.language)?, *fallback)
        }
    };
    let limiter = Arc::new(limiter);
    accounts.push(Account { id, ledger, limiter: Arc::clone(&limiter) });
    Ok(limiter)
}

/// Waits until the ledgers that processes share know what this process has sent, `time` at most; for the end of a process.
pub fn settle_shared_limits(time: Duration) {
    let deadline = Instant::now() + time;
    let Some(accounts) = ACCOUNTS.get() else { return };
    let accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
    let limiters: Vec<_> = accounts.iter().map(|account| Arc::clone(&account.limiter)).collect();
    drop(accounts);
    limiters.iter().for_each(|limiter| limiter.settle(deadline.saturating_duration_since(Instant::now())));
}

fn account_id(base_url: &Url, key: &Secret) -> AccountId {
    let mut hash = Sha256::new();
    hash.update(base_url.as_str());
    hash.update([0]);
    hash.update(key.reveal());
    hash.finalize().into()
}
