//! An authority of our own and a certificate for 127.0.0.1.

use std::fs;
use std::process::Command;

use super::servers::Folder;

/// `ca.crt`, `server.crt` and `server.key` in a folder.
pub(crate) fn make() -> Folder {
    let folder = Folder::new();
    fs::write(folder.path().join("extensions"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=authority -keyout ca.key -out ca.crt -days 2",
        "req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile extensions",
    ] {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}
