//! The shared ledger in a file of this machine, under a lock.
//!
//! The state is written aside and renamed, so a process that is killed leaves the old state or the new one. The kernel frees
//! the lock of a killed process.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::sleep;

use super::exchange::{Reply, Request};
use super::failure::Failure;
use super::machine::Machine;
use crate::error::Error;
use crate::limiter::clock::{Micros, micros};

/// How long a process waits before it tries to get the lock again, at most.
const LONGEST_RETRY: Micros = 2000;

#[derive(Debug)]
pub(in crate::limiter) struct FileStore {
    folder: PathBuf,
    lock: PathBuf,
    state: PathBuf,
    /// Where the new state is written before it takes the place of the old one.
    aside: PathBuf,
}

impl FileStore {
    pub(super) fn open(folder: &Path, id: &str) -> Result<Self, Error> {
        let refused = |why: &str| Error::invalid_config(format!("The folder {} {why}.", folder.display()));
        make_folder(folder)
            .map_err(|error| refused(&format!("can't be used for shared limits: {error}")).with_source(error))?;
        if platform::is_network_folder(folder) {
            return Err(refused(
                "is on a network file system, where locks can't be relied on: use Redis for several machines",
            ));
        }
        let file = |extension: &str| folder.join(format!("{id}.{extension}"));
        let (lock, state, aside) = (file("lock"), file("json"), file("new"));
        let store = Self { folder: folder.to_owned(), lock, state, aside };
        let lock =
            store.open_lock().map_err(|error| refused(&format!("can't be written: {error}")).with_source(error))?;
        // Closing the file would not be enough: a child that is forked right now has it open too.
        let tried = lock.try_lock().and_then(|()| lock.unlock().map_err(TryLockError::Error));
        match tried {
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(store),
            Err(TryLockError::Error(error)) => Err(refused(&format!("has no locks: {error}")).with_source(error)),
        }
    }

    pub(super) async fn exchange(&self, request: &Request) -> Result<Reply, Failure> {
        let lock = self.locked().await.map_err(|error| self.failure(&error))?;
        let reply = self.exchange_under_lock(request).map_err(|error| self.failure(&error));
        lock.unlock().map_err(|error| self.failure(&error))?;
        reply
    }

    fn failure(&self, error: &io::Error) -> Failure {
        Failure::passing(format!("the file {} can't be used: {error}", self.state.display()))
    }

    /// Also where somebody has removed the folder, for example to clean up.
    fn open_lock(&self) -> io::Result<File> {
        let open = || platform::private(OpenOptions::new().read(true).write(true).create(true)).open(&self.lock);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(&self.folder)?;
                open()
            }
            result => result,
        }
    }

    /// The lock, without blocking the thread: its holder may have been stopped.
    async fn locked(&self) -> io::Result<File> {
        loop {
            let file = self.open_lock()?;
            match file.try_lock() {
                // Somebody may have removed the file meanwhile, for example to clean up: then others lock another one.
                Ok(()) if platform::is_at(&file, &self.lock) => return Ok(file),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            sleep(Duration::from_micros(fastrand::u64(LONGEST_RETRY / 10..=LONGEST_RETRY))).await;
        }
    }

    fn exchange_under_lock(&self, request: &Request) -> io::Result<Reply> {
        let mut machine = match fs::read(&self.state) {
            // What can't be read any more counts as lost.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Machine::default(),
            Err(error) => return Err(error),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let reply = machine.exchange(request, micros(now));
        let bytes = serde_json::to_vec(&machine)?;
        let mut aside =
            platform::private(OpenOptions::new().write(true).create(true).truncate(true)).open(&self.aside)?;
        aside.write_all(&bytes)?;
        fs::rename(&self.aside, &self.state)?;
        Ok(reply)
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match platform::private_folder(&mut DirBuilder::new()).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => platform::check_folder(folder),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::{self, DirBuilder, File, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    use nix::fcntl::OFlag;
    use nix::unistd::geteuid;

    pub(super) fn private_folder(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder.mode(0o700)
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits())
    }

    /// A folder that others may write to is one where they can put files of their own in our place.
    pub(super) fn check_folder(folder: &Path) -> io::Result<()> {
        let found = fs::symlink_metadata(folder)?;
        if !found.is_dir() {
            return Err(io::Error::other("it is no folder"));
        }
        if found.uid() != geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        if found.mode() & 0o022 != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "other users may write to it"));
        }
        Ok(())
    }

    pub(super) fn is_at(file: &File, path: &Path) -> bool {
        let places = (file.metadata(), fs::symlink_metadata(path));
        matches!(places, (Ok(open), Ok(named)) if (open.dev(), open.ino()) == (named.dev(), named.ino()))
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn is_network_folder(folder: &Path) -> bool {
        use nix::sys::statfs::{FsType, statfs};
        /// What Linux calls AFS, CIFS, Ceph, Coda, FUSE (sshfs and the like), NFS, SMB, SMB 2 and 9P.
        const NETWORKS: [FsType; 9] = [
            FsType(0x5346_414F),
            FsType(0xFF53_4D42),
            FsType(0x00C3_6400),
            FsType(0x7375_7245),
            FsType(0x6573_5546),
            FsType(0x6969),
            FsType(0x517B),
            FsType(0xFE53_4D42),
            FsType(0x0102_1997),
        ];
        statfs(folder).is_ok_and(|system| NETWORKS.contains(&system.filesystem_type()))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn is_network_folder(_folder: &Path) -> bool {
        false
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn private_folder(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn check_folder(folder: &Path) -> io::Result<()> {
        if folder.is_dir() { Ok(()) } else { Err(io::Error::other("it is no folder")) }
    }

    pub(super) fn is_at(_file: &File, _path: &Path) -> bool {
        true
    }

    pub(super) fn is_network_folder(folder: &Path) -> bool {
        folder.to_string_lossy().starts_with(r"\\")
    }
}
