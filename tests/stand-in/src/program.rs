//! The program: it starts the stand-in, announces it or runs a command with it, and ends.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tempfile::TempDir;

use crate::announcement::Announcement;
use crate::certificates::Authority;
use crate::options::Options;
use crate::serve::serve;
use crate::signals::Signals;
use crate::{StartError, command, complain, ending};

/// Runs the program with the arguments of this process.
pub fn program() -> ExitCode {
    match run(&Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<ExitCode, StartError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(stand_in(options))
}

async fn stand_in(options: &Options) -> Result<ExitCode, StartError> {
    let authority = Authority::new()?;
    let folder = tempfile::Builder::new().prefix("wts-stand-in-").tempdir()?;
    let ca_file = write_authority(&authority, &folder)?;
    let serving = serve(options, authority.acceptors()?).await?;
    let announcement = Announcement::new(options, &serving.addresses, &ca_file);
    let mut signals = Signals::new()?;
    let code = if options.command.is_empty() {
        announcement.write()?;
        ending::wait_for_the_end(options, &mut signals).await?;
        ExitCode::SUCCESS
    } else {
        command::run(&options.command, &announcement.environment(), &mut signals).await?
    };
    folder.close()?;
    Ok(code)
}

fn write_authority(authority: &Authority, folder: &TempDir) -> io::Result<String> {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, authority.pem())?;
    Ok(path.to_string_lossy().into_owned())
}
