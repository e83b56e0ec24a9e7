//! Sentinels, which make a replica the master when the master is gone.

use super::servers::Server;

/// One of those that look after the master `wts` on `port`.
pub(crate) fn start(port: u16) -> Server {
    let sentinel = Server::start(&["--sentinel"]);
    let port = port.to_string();
    sentinel.cli(&["SENTINEL", "MONITOR", "wts", "127.0.0.1", &port, "2"]);
    for (name, value) in [("down-after-milliseconds", "1000"), ("failover-timeout", "5000"), ("parallel-syncs", "2")] {
        sentinel.cli(&["SENTINEL", "SET", "wts", name, value]);
    }
    sentinel
}
