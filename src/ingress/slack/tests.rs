use proptest::prelude::*;

use super::*;
use crate::ingress::describe;

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn check(secrets: &[&str], age: SignedDuration, body: &[u8]) -> Result<(), Refusal> {
    let timestamp = (noon() - age).as_second().to_string();
    let code = signature::sign("current", &[b"v0:", timestamp.as_bytes(), b":", b"text=resnet"]);
    let header = format!("v0={code}");
    let secrets: Vec<SecretString> = secrets.iter().map(|text| SecretString::from((*text).to_owned())).collect();
    verify(&secrets, Headers { timestamp: Some(&timestamp), signature: Some(&header) }, body, noon())
}

#[test]
fn the_published_example_is_accepted() {
    // From Slack's page on verifying requests.
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F\
hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
803a0bc887a14d10d2c447fce8b6703c";
    let headers = Headers {
        timestamp: Some("1531420618"),
        signature: Some("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
    };
    let secrets = [SecretString::from("8f742231b10e8888abcd99yyyzzz85a5".to_owned())];
    let sent = Timestamp::from_second(1_531_420_618).unwrap();
    assert_eq!(verify(&secrets, headers, body, sent), Ok(()));
}

#[test]
fn any_of_several_secrets_may_have_signed() {
    assert_eq!(check(&["old", "current"], SignedDuration::ZERO, b"text=resnet"), Ok(()));
    assert!(matches!(check(&["old"], SignedDuration::ZERO, b"text=resnet"), Err(Refusal::WrongSignature(_))));
    assert!(matches!(check(&["current"], SignedDuration::ZERO, b"text=other"), Err(Refusal::WrongSignature(_))));
}

#[test]
fn a_request_is_good_for_five_minutes_both_ways() {
    for seconds in [-300, 0, 300] {
        assert_eq!(check(&["current"], SignedDuration::from_secs(seconds), b"text=resnet"), Ok(()), "{seconds}");
    }
    for seconds in [-301, 301] {
        let answer = check(&["current"], SignedDuration::from_secs(seconds), b"text=resnet");
        assert!(matches!(answer, Err(Refusal::Stale(_))), "{seconds}");
    }
}

#[test]
fn a_timestamp_that_is_no_number_is_refused() {
    for timestamp in ["", "soon", "99999999999999999999", "9223372036854775807"] {
        let code = signature::sign("current", &[b"v0:", timestamp.as_bytes(), b":", b""]);
        let header = format!("v0={code}");
        let headers = Headers { timestamp: Some(timestamp), signature: Some(&header) };
        let answer = verify(&["current".to_owned().into()], headers, b"", noon());
        assert!(matches!(answer, Err(Refusal::Stale(_))), "{timestamp:?}");
    }
}

#[test]
fn a_slash_command_is_read_and_known_again_by_its_trigger() {
    let form = b"team_id=T1&channel_id=C1&user_id=U1&user_name=mika&text=+resnet+lr%3D1e-4..1e-2+&trigger_id=13.37";
    let event = parse_command(form, noon()).unwrap();
    assert_eq!(event.key.delivery, "13.37");
    let EventKind::SlashCommand(command) = event.kind else { panic!() };
    assert_eq!(command.text, "resnet lr=1e-4..1e-2");
    assert_eq!((command.team.as_str(), command.channel.as_str(), command.user.as_str()), ("T1", "C1", "U1"));
}

#[test]
fn a_command_from_nobody_is_not_for_us() {
    let event = parse_command(b"team_id=T1&channel_id=C1&text=resnet", noon()).unwrap();
    insta::assert_snapshot!(describe(&event.kind), @"not for us: slash command without user_id");
    assert!(event.key.delivery.starts_with("sha256:"));
}

#[test]
fn events_and_interactions_are_kept_with_their_kind() {
    let EventsRequest::Event(mention) =
        parse_events_request(br#"{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}"#, noon())
            .unwrap()
    else {
        panic!()
    };
    assert_eq!(mention.key.delivery, "Ev1");
    insta::assert_snapshot!(describe(&mention.kind), @"not for us: Slack event app_mention");
    let click =
        parse_interaction(b"payload=%7B%22type%22%3A%22block_actions%22%2C%22trigger_id%22%3A%221.2%22%7D", noon());
    insta::assert_snapshot!(describe(&click.unwrap().kind), @"not for us: Slack interaction block_actions");
}

#[test]
fn the_address_check_gets_its_challenge_back() {
    let request = parse_events_request(br#"{"type":"url_verification","challenge":"3eZb"}"#, noon());
    assert_eq!(request, Ok(EventsRequest::Challenge("3eZb".to_owned())));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body: Vec<u8>) {
        let _ = parse_command(&body, noon());
        let _ = parse_interaction(&body, noon());
        let _ = parse_events_request(&body, noon());
        let _ = is_ssl_check(&body);
    }

    #[test]
    fn the_text_of_a_command_survives_its_form(text in "\\PC{0,60}") {
        let form: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("team_id", "T"), ("channel_id", "C"), ("user_id", "U"), ("text", &text)])
            .finish();
        let EventKind::SlashCommand(command) = parse_command(form.as_bytes(), noon()).unwrap().kind else { panic!() };
        prop_assert_eq!(command.text, text.trim());
    }
}
