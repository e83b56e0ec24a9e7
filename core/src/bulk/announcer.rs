//! When whoever takes the outcomes of a bulk call is woken.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::state::{News, Shared};

/// How long an outcome waits for others at most. A wake-up of another thread, or of an event loop in another language, costs as
/// much as a request: one for each outcome would double what an item costs.
const MAX_DELAY: Duration = Duration::from_millis(1);

/// Wakes whoever takes the outcomes, for many of them at once.
#[derive(Default)]
pub(super) struct Announcer {
    timer: Option<Pin<Box<Sleep>>>,
    is_delaying: bool,
}

impl Announcer {
    /// To be called after items have settled, and whenever the task is woken.
    pub(super) fn poll(&mut self, shared: &Shared, context: &mut Context<'_>) {
        self.is_delaying = match shared.news() {
            News::None => false,
            News::Few if self.has_time_left(context) => true,
            News::Few | News::Many => {
                shared.wake_consumer();
                false
            }
        };
    }

    fn has_time_left(&mut self, context: &mut Context<'_>) -> bool {
        let end = Instant::now() + MAX_DELAY;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if !self.is_delaying {
            timer.as_mut().reset(end);
        }
        timer.as_mut().poll(context).is_pending()
    }
}
