//! The nodes of a workflow, also where Argo has compressed them because they were too large for one object.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;

use super::object::{Node, Nodes, Status};

/// Nodes that unfold to more than this are not read: a few kilobytes can unfold to gigabytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why the nodes cannot be read here, in words that follow "its nodes".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NodesError {
    #[error("are in a database of the workflow controller")]
    Offloaded,
    #[error("are compressed in another way than gzip, or damaged: {0}")]
    Unreadable(String),
    #[error("are larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
}

/// The nodes in `status`.
pub(super) fn of(status: &Status) -> Result<Cow<'_, Nodes>, NodesError> {
    if !status.nodes.is_empty() {
        return Ok(Cow::Borrowed(&status.nodes));
    }
    if !status.compressed_nodes.is_empty() {
        return unfold(&status.compressed_nodes, MAX_BYTES).map(Cow::Owned);
    }
    if !status.offload_node_status_version.is_empty() {
        return Err(NodesError::Offloaded);
    }
    Ok(Cow::Borrowed(&status.nodes))
}

/// The node that stands for the workflow as a whole; Argo gives it the workflow's name.
pub(super) fn root<'a>(nodes: &'a Nodes, workflow: &str) -> Option<&'a Node> {
    nodes.get(workflow).or_else(|| nodes.values().find(|node| node.id == workflow || node.name == workflow))
}

fn unfold(text: &str, max_bytes: u64) -> Result<Nodes, NodesError> {
    let unreadable = |error: &dyn std::fmt::Display| NodesError::Unreadable(error.to_string());
    let packed = STANDARD.decode(text.trim()).map_err(|error| unreadable(&error))?;
    let mut json = Vec::new();
    MultiGzDecoder::new(packed.as_slice())
        .take(max_bytes + 1)
        .read_to_end(&mut json)
        .map_err(|error| unreadable(&error))?;
    if json.len() as u64 > max_bytes {
        return Err(NodesError::TooLarge);
    }
    serde_json::from_slice(&json).map_err(|error| unreadable(&error))
}

/// The form in which Argo keeps nodes that are too large.
#[cfg(test)]
pub(super) fn fold(nodes: &serde_json::Value) -> String {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(nodes.to_string().as_bytes()).unwrap();
    STANDARD.encode(packer.finish().unwrap())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn packed(text: String) -> Status {
        Status { compressed_nodes: text, ..Status::default() }
    }

    #[test]
    fn compressed_nodes_are_the_nodes() {
        let nodes = json!({ "w-1": { "id": "w-1", "name": "w", "type": "Pod", "phase": "Succeeded" } });
        let plain: Nodes = serde_json::from_value(nodes.clone()).unwrap();
        assert_eq!(*of(&packed(fold(&nodes))).unwrap(), plain);
        assert_eq!(root(&plain, "w").unwrap().id, "w-1");
    }

    #[test]
    fn what_unfolds_to_too_much_is_not_kept() {
        let bomb = fold(&json!({ "a": { "message": "x".repeat(100_000) } }));
        assert!(bomb.len() < 1000);
        assert_eq!(unfold(&bomb, 50_000), Err(NodesError::TooLarge));
        assert!(unfold(&bomb, 200_000).is_ok());
    }

    #[test]
    fn nodes_that_cannot_be_read_say_why() {
        let zstd = STANDARD.encode([0x28, 0xb5, 0x2f, 0xfd, 0, 0]);
        for text in ["%%%".to_owned(), zstd, STANDARD.encode("plain")] {
            assert!(matches!(of(&packed(text)), Err(NodesError::Unreadable(_))));
        }
        let offloaded = Status { offload_node_status_version: "fnv:1".into(), ..Status::default() };
        assert_eq!(of(&offloaded), Err(NodesError::Offloaded));
        insta::assert_snapshot!(NodesError::TooLarge, @"are larger than 64 MiB");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unfold(&STANDARD.encode(&bytes), 1000);
        }
    }
}
