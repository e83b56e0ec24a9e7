//! What a large bulk call costs in memory: a program of its own, so that nothing else is measured.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failed unwrap fails the test

mod common;

use common::StandIn;
use futures_util::{StreamExt, stream};
use wts_session::{Bulk, Client, CompleteOptions, Item, Operation};

const ITEMS: usize = 100_000;
/// One in so many is sent; the others have an id that is refused before.
const SENT_OF: usize = 200;
/// What a call may take whose items come one by one, in KB.
const MAX_STREAMED: usize = 4 * 1024;
/// And one whose items are a list, which it copies: 100 bytes an item.
const MAX_LISTED: usize = 14 * 1024;

/// The largest size of this process so far.
fn peak_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn ids() -> impl Iterator<Item = String> + Send {
    (0..ITEMS).map(|number| {
        let is_refused = number % SENT_OF != 0;
        format!("044abf6f-1851-40b6-84ac-{number:012}{}", if is_refused { "\0x" } else { "" })
    })
}

/// Takes all outcomes, one by one.
async fn take(bulk: Bulk) {
    let counts = bulk.fold((0, 0), async |(done, all), outcome| (done + usize::from(outcome.result.is_ok()), all + 1));
    assert_eq!(counts.await, (ITEMS / SENT_OF, ITEMS));
}

#[tokio::test]
async fn outcomes_that_are_taken_are_not_kept_and_the_items_of_a_list_are_small() {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let client = Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).no_rate_limits().build().unwrap();
    let complete = Operation::CompleteSession(CompleteOptions::new());
    // So that connections and what is loaded once do not count.
    let warm_up = client.complete_sessions((0..200).map(|number| format!("s-{number}")), CompleteOptions::new());
    assert!(warm_up.all(async |outcome| outcome.result.is_ok()).await);

    let before = peak_kb();
    take(client.bulk_from(complete, stream::iter(ids().map(Item::complete)))).await;
    let streamed = peak_kb() - before;
    assert!(streamed < MAX_STREAMED, "{streamed} KB for {ITEMS} items that came one by one");

    take(client.complete_sessions(ids(), CompleteOptions::new())).await;
    let listed = peak_kb() - before;
    assert!(listed < MAX_LISTED, "{listed} KB for a list of {ITEMS} items");
    assert!(
        listed > ITEMS * 36 / 1024,
        "a list of {ITEMS} ids takes more than {listed} KB: this test measures nothing"
    );
}
