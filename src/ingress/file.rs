//! Events from files, for trying the rules: what a service sent, without its headers.

use jiff::Timestamp;

use super::{Refusal, github, slack};
use crate::domain::event::Event;

/// What is known about the file besides its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileHints<'a> {
    /// GitHub's name of the event, where the payload's shape does not tell.
    pub event: Option<&'a str>,
}

/// Reads a GitHub payload (JSON), or the body of a Slack slash command (a form). Signatures are not asked for.
///
/// The delivery id is made from the content.
///
/// # Errors
/// [`Refusal::Malformed`] says what the file should hold.
pub fn parse_file(bytes: &[u8], hints: FileHints<'_>, now: Timestamp) -> Result<Event, Refusal> {
    let bytes = bytes.trim_ascii();
    if hints.event.is_none() && is_slash_command(bytes) {
        return slack::parse_command(bytes, now).map(|call| call.event);
    }
    let event = match hints.event {
        Some(event) => event,
        None => {
            let payload: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
                Refusal::Malformed(format!(
                    "The file is neither JSON ({error}) nor the form of a slash command. Give it a payload as GitHub sends \
                     it, or a body like team_id=T1&channel_id=C1&user_id=U1&text=resnet."
                ))
            })?;
            github::guess_event(&payload).ok_or_else(|| {
                Refusal::Malformed(
                    "The payload's shape does not tell which event of GitHub it is. Name it with --event, for example \
                     --event push."
                        .to_owned(),
                )
            })?
        }
    };
    let delivery = format!("file-{}", super::signature::fingerprint(&[event.as_bytes(), bytes]));
    github::parse(github::Headers { event, delivery: &delivery }, bytes, now)
}

fn is_slash_command(bytes: &[u8]) -> bool {
    let names = ["command", "text", "user_id", "channel_id"];
    !bytes.starts_with(b"{") && url::form_urlencoded::parse(bytes).any(|(name, _)| names.contains(&name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingress::describe;

    fn read(text: &str, event: Option<&str>) -> Result<String, String> {
        parse_file(text.as_bytes(), FileHints { event }, Timestamp::UNIX_EPOCH)
            .map(|event| describe(&event.kind))
            .map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_push_is_known_by_its_shape() {
        let push = r#"{"ref":"refs/heads/main","after":"1111111111111111111111111111111111111111",
            "commits":[{"added":["a.py"],"removed":[],"modified":[]}],"repository":{"full_name":"octo/vision"}}"#;
        insta::assert_snapshot!(read(push, None).unwrap(), @"push to main of octo/vision (1111111), 1 changed path");
    }

    #[test]
    fn a_slash_command_is_known_by_its_fields() {
        let form = "team_id=T1&channel_id=C1&user_id=U1&command=%2Ftune&text=resnet+trials%3D4";
        insta::assert_snapshot!(read(form, None).unwrap(), @"/tune resnet trials=4");
    }

    #[test]
    fn an_unknown_shape_asks_for_its_name() {
        insta::assert_snapshot!(read(r#"{"action":"created"}"#, None).unwrap_err(), @"The payload's shape does not tell which event of GitHub it is. Name it with --event, for example --event push.");
        insta::assert_snapshot!(read(r#"{"action":"created"}"#, Some("star")).unwrap(), @"not for us: star created");
        insta::assert_snapshot!(read("hello", None).unwrap_err(), @"The file is neither JSON (expected value at line 1 column 1) nor the form of a slash command. Give it a payload as GitHub sends it, or a body like team_id=T1&channel_id=C1&user_id=U1&text=resnet.");
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = parse_file(&bytes, FileHints::default(), Timestamp::UNIX_EPOCH);
            let _ = parse_file(&bytes, FileHints { event: Some("push") }, Timestamp::UNIX_EPOCH);
        }
    }
}
