//! The limiters of this process, one per account.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use sha2::{Digest, Sha256};

use super::Limiter;
use crate::per_process::PerProcess;
use crate::secret::Secret;

/// An account, without its key: a base URL and a key, hashed.
type AccountId = [u8; 32];

/// A forked child begins anew: in the limiters of its parent, slots are held by threads that it does not have.
static ACCOUNTS: PerProcess<Mutex<Vec<Account>>> = PerProcess::new();

struct Account {
    id: AccountId,
    limiter: Arc<Limiter>,
}

/// The limiter that all clients with this base URL and key share. It outlives them for as long as a request of theirs
/// counts.
pub(crate) fn of_account(base_url: &Url, key: &Secret) -> Arc<Limiter> {
    let id = account_id(base_url, key);
    let mut accounts = ACCOUNTS.get_or_default().lock().unwrap_or_else(PoisonError::into_inner);
    accounts.retain(|account| Arc::strong_count(&account.limiter) > 1 || !account.limiter.is_blank());
    if let Some(account) = accounts.iter().find(|account| account.id == id) {
        return Arc::clone(&account.limiter);
    }
    let limiter = Arc::new(Limiter::new());
    accounts.push(Account { id, limiter: Arc::clone(&limiter) });
    limiter
}

fn account_id(base_url: &Url, key: &Secret) -> AccountId {
    let mut hash = Sha256::new();
    hash.update(base_url.as_str());
    hash.update([0]);
    hash.update(key.reveal());
    hash.finalize().into()
}
