//! Calls of the HTTP API: who calls, and what is asked in the grammar of `/tune`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Refusal, signature};
use crate::domain::event::{Event, EventKey, EventKind, Request, Source};
use crate::domain::ids::{SweepId, TuningName};
use crate::domain::params::Value;

/// The body of `POST /api/v1/sweeps`: `command`, or `tuning` with `parameters`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a JSON object")]
struct Body {
    /// In the grammar of `/tune`: `resnet trials=40 lr=1e-4..1e-2`.
    command: Option<String>,
    tuning: Option<TuningName>,
    /// What would be `key=value` words in the command.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    /// The header `Idempotency-Key` goes before it.
    idempotency_key: Option<String>,
}

/// The name of the token that `authorization` carries. Every token is compared, in constant time.
///
/// `tokens`: names with their secrets.
///
/// # Errors
/// [`Refusal::Unsigned`] without a bearer token, [`Refusal::WrongSignature`] with an unknown one.
pub fn authenticate<'a>(
    tokens: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
    authorization: Option<&str>,
) -> Result<String, Refusal> {
    let Some(given) = bearer(authorization) else {
        return Err(Refusal::Unsigned(
            "Send the header `Authorization: Bearer TOKEN` with a token of server.api_tokens.".to_owned(),
        ));
    };
    let mut caller = None;
    for (name, secret) in tokens {
        let secret = secret.expose_secret();
        if !secret.is_empty() && signature::is_same_secret(secret, given) {
            caller = Some(name.to_owned());
        }
    }
    caller.ok_or_else(|| Refusal::WrongSignature("The bearer token is none of server.api_tokens.".to_owned()))
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Reads an authenticated request for a sweep.
///
/// Requests with the same caller and key are one request. Without a key, every call is a request of its own.
///
/// # Errors
/// [`Refusal::Malformed`], which says what to write instead.
pub fn parse_request(
    caller: &str,
    idempotency_key: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<Event, Refusal> {
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        let example = r#"{"tuning": "resnet", "parameters": {"trials": 40}} or {"command": "resnet trials=40"}"#;
        Refusal::Malformed(format!("The body cannot be read: {error}. Send JSON like {example}."))
    })?;
    let key = match idempotency_key.or(body.idempotency_key.as_deref()) {
        Some(key) if (1..=200).contains(&key.len()) => format!("{caller}/{key}"),
        Some(_) => return Err(Refusal::Malformed("An idempotency key has 1 to 200 characters.".to_owned())),
        None => unique_key(caller, now),
    };
    let command = command_of(body)?;
    Ok(request(caller, key, command, now))
}

/// A request to end a sweep. All of one caller for one sweep are one request.
pub fn stop_request(caller: &str, sweep: &SweepId, now: Timestamp) -> Event {
    request(caller, format!("{caller}/stop/{sweep}"), format!("stop {sweep}"), now)
}

fn request(caller: &str, delivery: String, command: String, now: Timestamp) -> Event {
    Event {
        key: EventKey { source: Source::Api, delivery },
        received_at: now,
        kind: EventKind::Request(Request { caller: caller.to_owned(), command }),
    }
}

fn command_of(body: Body) -> Result<String, Refusal> {
    let malformed = |text: String| Err(Refusal::Malformed(text));
    match (body.command, body.tuning) {
        (Some(command), None) if body.parameters.is_empty() => Ok(command.trim().to_owned()),
        (Some(_), _) => malformed("Send either `command`, or `tuning` with `parameters`, not both.".to_owned()),
        (None, None) => malformed("Send `tuning`, or a `command` as after /tune.".to_owned()),
        (None, Some(tuning)) => {
            let mut words = vec![tuning.to_string()];
            for (key, value) in &body.parameters {
                let value = value.to_string();
                // A blank would begin another word of the command.
                let is_word =
                    |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
                if !is_word(key) || key.contains('=') || !is_word(&value) {
                    return malformed(format!("`{key}` in `parameters` must be one word with one word as its value."));
                }
                words.push(format!("{key}={value}"));
            }
            Ok(words.join(" "))
        }
    }
}

/// A key that no other call has: the instant to the nanosecond and the number of the call since the start.
fn unique_key(caller: &str, now: Timestamp) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static CALLS: AtomicU64 = AtomicU64::new(0);
    format!("{caller}/{}-{}", now.as_nanosecond(), CALLS.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<String, String> {
        let event = parse_request("ci", Some("build-7"), body.as_bytes(), Timestamp::UNIX_EPOCH);
        event.map_err(|refusal| refusal.to_string()).map(|event| match event.kind {
            EventKind::Request(request) => format!("{}: {} ({})", request.caller, request.command, event.key.delivery),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_tuning_with_parameters_is_the_same_as_its_command() {
        let fields = r#"{"tuning":"resnet","parameters":{"trials":40,"lr":"1e-4..1e-2","amp":true}}"#;
        assert_eq!(parse(fields).unwrap(), "ci: resnet amp=true lr=1e-4..1e-2 trials=40 (ci/build-7)");
        assert_eq!(parse(r#"{"command":" resnet trials=40 "}"#).unwrap(), "ci: resnet trials=40 (ci/build-7)");
    }

    #[test]
    fn a_value_cannot_smuggle_another_word_into_the_command() {
        for parameters in
            [r#"{"lr":"1 trials=9000"}"#, r#"{"a b":1}"#, r#"{"a=b":1}"#, r#"{"a":""}"#, r#"{"a":"x\ny"}"#]
        {
            let answer = parse(&format!(r#"{{"tuning":"resnet","parameters":{parameters}}}"#)).unwrap_err();
            assert!(answer.contains("must be one word"), "{answer}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_what_to_send() {
        insta::assert_snapshot!(parse("[1").unwrap_err(), @r#"The body cannot be read: invalid type: integer `1`, expected a string at line 1 column 2. Send JSON like {"tuning": "resnet", "parameters": {"trials": 40}} or {"command": "resnet trials=40"}."#);
        insta::assert_snapshot!(parse(r#"{"tuninng":"resnet"}"#).unwrap_err(), @r#"The body cannot be read: unknown field `tuninng`, expected one of `command`, `tuning`, `parameters`, `idempotency_key` at line 1 column 10. Send JSON like {"tuning": "resnet", "parameters": {"trials": 40}} or {"command": "resnet trials=40"}."#);
        insta::assert_snapshot!(parse(r#"{"tuning":"../etc"}"#).unwrap_err(), @r#"The body cannot be read: `../etc` is not a valid tuning name: use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with - at line 1 column 19. Send JSON like {"tuning": "resnet", "parameters": {"trials": 40}} or {"command": "resnet trials=40"}."#);
        insta::assert_snapshot!(parse("{}").unwrap_err(), @"Send `tuning`, or a `command` as after /tune.");
        insta::assert_snapshot!(parse(r#"{"tuning":"a","command":"b"}"#).unwrap_err(), @"Send either `command`, or `tuning` with `parameters`, not both.");
    }

    #[test]
    fn calls_without_a_key_are_requests_of_their_own() {
        let call = || parse_request("ci", None, br#"{"command":"resnet"}"#, Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(call().key, call().key);
    }

    #[test]
    fn any_of_several_tokens_names_its_caller() {
        let tokens: Vec<(&str, SecretString)> = vec![("ci", "one".to_owned().into()), ("ops", "two".to_owned().into())];
        let check = |header: Option<&str>| authenticate(tokens.iter().map(|(name, secret)| (*name, secret)), header);
        assert_eq!(check(Some("Bearer two")).unwrap(), "ops");
        assert_eq!(check(Some("bearer one")).unwrap(), "ci");
        assert!(matches!(check(Some("Bearer three")), Err(Refusal::WrongSignature(_))));
        for header in [None, Some("Bearer "), Some("Basic b25l"), Some("one")] {
            assert!(matches!(check(header), Err(Refusal::Unsigned(_))), "{header:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>) {
            let _ = parse_request("ci", None, &body, Timestamp::UNIX_EPOCH);
        }
    }
}
