//! A cluster of three.

use std::process::Command;

use super::servers::{Server, await_some, free_port};

pub(crate) struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let node = |()| {
            let bus = free_port().to_string();
            Server::start(&["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "5000"])
        };
        let nodes: Vec<_> = [(); 3].into_iter().map(node).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let output = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        for node in &nodes {
            await_some("the cluster", || node.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok").then_some(()));
        }
        Self { nodes }
    }

    pub(crate) fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// Moves all keys to the next node, one after the other, as resharding does.
    pub(crate) fn move_keys(&self) {
        let keys = |node: &Server| node.cli(&["KEYS", "*"]);
        let place = self.nodes.iter().position(|node| !keys(node).is_empty()).unwrap();
        let (from, to) = (&self.nodes[place], &self.nodes[(place + 1) % self.nodes.len()]);
        let key = keys(from).lines().next().unwrap().to_owned();
        let slot = from.cli(&["CLUSTER", "KEYSLOT", &key]);
        let id = |node: &Server| node.cli(&["CLUSTER", "MYID"]);
        let (from_id, to_id) = (id(from), id(to));
        to.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
        from.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
        loop {
            let keys = from.cli(&["CLUSTER", "GETKEYSINSLOT", &slot, "1"]);
            if keys.is_empty() {
                break;
            }
            from.cli(&["MIGRATE", "127.0.0.1", &to.port.to_string(), &keys, "0", "5000"]);
        }
        for node in [to, from, &self.nodes[(place + 2) % self.nodes.len()]] {
            node.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
        }
    }
}
