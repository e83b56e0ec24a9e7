//! What the program ends with.

use std::io;

use tokio::sync::oneshot;

use crate::options::Options;
use crate::signals::Signals;

/// Waits for a signal, or for the end of the standard input or output that the program stays with.
pub(crate) async fn wait_for_the_end(options: &Options, signals: &mut Signals) -> io::Result<()> {
    let input_ended = when(options.stay_with_stdin, end_of_stdin);
    #[cfg(unix)]
    let output_ended = when(options.stay_with_stdout, end_of_stdout);
    #[cfg(not(unix))]
    let output_ended = std::future::pending();
    tokio::select! {
        () = signals.any() => Ok(()),
        ended = input_ended => ended,
        ended = output_ended => ended,
    }
}

/// Waits for `end` in a thread of its own, which the end of the program does not wait for.
async fn when(wanted: bool, end: fn() -> io::Result<()>) -> io::Result<()> {
    if !wanted {
        return std::future::pending().await;
    }
    let (sender, ended) = oneshot::channel();
    std::thread::spawn(move || sender.send(end()));
    ended.await.map_err(io::Error::other)?
}

fn end_of_stdin() -> io::Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::sink()).map(|_| ())
}

/// Blocks until nobody can read any more what the program writes.
#[cfg(unix)]
fn end_of_stdout() -> io::Result<()> {
    use std::os::fd::AsFd;

    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let stdout = io::stdout();
    // Without flags it returns for errors and hang-ups only.
    let mut watched = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    loop {
        match poll(&mut watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}
