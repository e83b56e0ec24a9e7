//! What the system tells a program to end with.

#[cfg(unix)]
pub(crate) use unix::Signals;
#[cfg(not(unix))]
pub(crate) use windows::Signals;

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The signals of this process, from when this is made.
    pub(crate) struct Signals {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Signals {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        }

        /// Waits for SIGINT or SIGTERM.
        pub(crate) async fn any(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }

        /// Waits for SIGTERM. SIGINT does nothing.
        pub(crate) async fn terminated(&mut self) {
            self.terminate.recv().await;
        }
    }
}

#[cfg(not(unix))]
mod windows {
    use std::io;

    use tokio::signal::windows::{CtrlC, ctrl_c};

    /// Ctrl-C, from when this is made.
    pub(crate) struct Signals(CtrlC);

    impl Signals {
        pub(crate) fn new() -> io::Result<Self> {
            ctrl_c().map(Self)
        }

        /// Waits for Ctrl-C.
        pub(crate) async fn any(&mut self) {
            self.0.recv().await;
        }

        /// Nothing tells a program here to end. Ctrl-C does nothing.
        pub(crate) async fn terminated(&mut self) {
            std::future::pending().await
        }
    }
}
