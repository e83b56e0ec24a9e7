//! Which call of a binding a task works for, so that an observer knows whose event it is told.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;
use tokio::task_local;

task_local! {
    static CALLER: u32;
}

/// `task`, which works for the call that the binding knows by this number.
pub fn for_caller<F: Future>(caller: u32, task: F) -> TaskLocalFuture<u32, F> {
    CALLER.scope(caller, task)
}

/// Runs `begin`. The task of a bulk call that begins in it works for the call that the binding knows by this number.
pub fn as_caller<T>(caller: u32, begin: impl FnOnce() -> T) -> T {
    CALLER.sync_scope(caller, begin)
}

/// The call that the current task works for; `None` if it was begun without a number.
pub fn caller() -> Option<u32> {
    CALLER.try_with(|caller| *caller).ok()
}

/// `task`, which works for the call that the current task works for.
pub(crate) async fn inherit_caller<F: Future>(caller: Option<u32>, task: F) -> F::Output {
    match caller {
        Some(caller) => for_caller(caller, task).await,
        None => task.await,
    }
}

#[cfg(test)]
mod tests {
    use super::{as_caller, caller, for_caller};
    use crate::{Client, CompleteOptions, Observer};
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn events_know_whose_they_are() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let observed = Arc::clone(&seen);
        let observer = Observer::new(move |_| observed.lock().unwrap().push(caller()));
        let builder = Client::builder().api_key("k").base_url("http://127.0.0.1:9").max_retries(0).observer(observer);
        let client = builder.build().unwrap();
        let options = CompleteOptions::new();

        for_caller(7, client.complete_session("s", options)).await.unwrap_err();
        let bulk = as_caller(8, || client.complete_sessions(["s"], options));
        assert!(bulk.in_order().await[0].result.is_err());
        client.complete_session("s", options).await.unwrap_err();
        assert_eq!(*seen.lock().unwrap(), [Some(7), Some(8), None]);
        assert_eq!(caller(), None);
    }
}
