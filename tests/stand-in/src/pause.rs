use std::time::Duration;

use tokio::sync::watch;

/// What an answer waits for before it begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pause {
    pub(crate) hold: Option<Hold>,
    pub(crate) delay: Duration,
}

impl Pause {
    pub(crate) async fn pass(self) {
        if let Some(hold) = self.hold {
            hold.end().await;
        }
        // A sleep of no length lasts until the timer's next tick, about a millisecond.
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
    }
}

/// Holds answers back until it is opened or dropped.
#[derive(Debug, Default)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn hold(&self) -> Hold {
        Hold(self.0.subscribe())
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }
}

/// Keeps an answer behind a [`Gate`].
#[derive(Clone, Debug)]
pub(crate) struct Hold(watch::Receiver<bool>);

impl Hold {
    async fn end(mut self) {
        // It fails where the gate was dropped.
        drop(self.0.wait_for(|is_open| *is_open).await);
    }
}
