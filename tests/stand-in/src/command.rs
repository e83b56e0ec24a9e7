//! A command that runs for as long as the stand-in does.

use std::ffi::OsString;
use std::io;
use std::process::{ExitCode, ExitStatus};

use tokio::process::{Child, Command};

use crate::signals::Signals;

/// Runs `command` with `environment` and gives its exit code. Ctrl-C reaches the command by itself; SIGTERM is passed on.
pub(crate) async fn run(
    command: &[OsString],
    environment: &[(&str, String)],
    signals: &mut Signals,
) -> io::Result<ExitCode> {
    let name = command[0].display();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .spawn()
        .map_err(|error| io::Error::other(format!("{name}: {error}")))?;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(exit_code),
            () = signals.terminated() => terminate(&mut child)?,
        }
    }
}

#[cfg(unix)]
fn terminate(child: &mut Child) -> io::Result<()> {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    match child.id().and_then(|id| i32::try_from(id).ok()) {
        Some(id) => kill(Pid::from_raw(id), Signal::SIGTERM).map_err(Into::into),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) -> io::Result<()> {
    child.start_kill()
}

/// The code that a shell would give.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| signal_of(status).map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}
