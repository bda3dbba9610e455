use proptest::prelude::*;

use super::*;
use crate::domain::event::{Given, SlashCommand};
use crate::ingress::describe;

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn check(secrets: &[&str], age: SignedDuration, body: &[u8]) -> Result<(), Refusal> {
    let timestamp = (noon() - age).as_second().to_string();
    let header = sign("current", &timestamp, b"text=resnet");
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
        let header = sign("current", timestamp, b"");
        let headers = Headers { timestamp: Some(timestamp), signature: Some(&header) };
        let answer = verify(&["current".to_owned().into()], headers, b"", noon());
        assert!(matches!(answer, Err(Refusal::Stale(_))), "{timestamp:?}");
    }
}

#[test]
fn a_slash_command_is_read_and_known_again_by_its_trigger() {
    let form = b"team_id=T1&channel_id=C1&user_id=U1&user_name=mika&text=+resnet+lr%3D1e-4..1e-2+&trigger_id=13.37";
    let event = parse_command(form, noon()).unwrap().event;
    assert_eq!(event.key.delivery, "13.37");
    let EventKind::SlashCommand(command) = event.kind else { panic!() };
    assert_eq!(command.text, "resnet lr=1e-4..1e-2");
    assert_eq!((command.team.as_str(), command.channel.as_str(), command.user.as_str()), ("T1", "C1", "U1"));
}

#[test]
fn a_command_from_nobody_is_not_for_us() {
    let event = parse_command(b"team_id=T1&channel_id=C1&text=resnet", noon()).unwrap().event;
    insta::assert_snapshot!(describe(&event.kind), @"not for us: slash command without user_id");
    assert!(event.key.delivery.starts_with("sha256:"));
}

#[test]
fn events_and_interactions_are_kept_with_their_kind() {
    let EventsRequest::Event(opened) = parse_events_request(
        br#"{"type":"event_callback","event_id":"Ev1","event":{"type":"app_home_opened"}}"#,
        noon(),
    )
    .unwrap() else {
        panic!()
    };
    assert_eq!(opened.key.delivery, "Ev1");
    insta::assert_snapshot!(describe(&opened.kind), @"not for us: Slack event app_home_opened");
    let click =
        parse_interaction(b"payload=%7B%22type%22%3A%22block_actions%22%2C%22trigger_id%22%3A%221.2%22%7D", noon());
    let Ok(Interaction::Other(click)) = click else { panic!() };
    insta::assert_snapshot!(describe(&click.kind), @"not for us: Slack interaction block_actions");
}

#[test]
fn the_address_check_gets_its_challenge_back() {
    let request = parse_events_request(br#"{"type":"url_verification","challenge":"3eZb"}"#, noon());
    assert_eq!(request, Ok(EventsRequest::Challenge("3eZb".to_owned())));
}

/// What a message event says, in words.
fn heard(event: serde_json::Value) -> String {
    let envelope = serde_json::json!({
        "type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event,
        "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": true}],
    });
    match parse_events_request(envelope.to_string().as_bytes(), noon()).unwrap() {
        EventsRequest::Passing(why) => format!("not kept: {why}"),
        EventsRequest::Challenge(_) => panic!(),
        EventsRequest::Event(event) => match event.kind {
            EventKind::SlashCommand(SlashCommand { user, channel, thread, given, text, .. }) => {
                format!(
                    "{user} in {channel}/{} by {given:?}: {text} [{}]",
                    thread.unwrap_or_default(),
                    event.key.delivery
                )
            }
            other => format!("{} [{}]", describe(&other), event.key.delivery),
        },
    }
}

fn mention(text: &str) -> serde_json::Value {
    serde_json::json!({"type": "app_mention", "channel": "C1", "user": "U1", "ts": "100.1", "text": text})
}

#[test]
fn a_line_that_begins_with_the_mention_is_a_command() {
    for text in ["<@UBOT> status", "<@UBOT|tunebot>: status", "Good morning!\n  <@UBOT>, status \nThanks."] {
        assert_eq!(heard(mention(text)), "U1 in C1/100.1 by Mention: status [message/C1/100.1]", "{text}");
    }
    assert_eq!(heard(mention("<@UBOT>")), "U1 in C1/100.1 by Mention:  [message/C1/100.1]");
}

#[test]
fn talking_about_the_app_is_not_a_command() {
    for text in ["Ask <@UBOT> to stop resnet", "<@U2> try <@UBOT> status", "&gt; <@UBOT> status", "<@U2> status"] {
        let why = "not for us: a message that speaks about the app: a command stands right after the mention";
        assert_eq!(heard(mention(text)), format!("{why} [message/C1/100.1]"), "{text}");
    }
}

#[test]
fn a_mention_in_a_thread_is_in_that_thread() {
    let mut event = mention("<@UBOT> status");
    event["thread_ts"] = "90.5".into();
    assert_eq!(heard(event), "U1 in C1/90.5 by Mention: status [message/C1/100.1]");
}

#[test]
fn a_message_to_the_app_alone_needs_no_mention_and_is_one_event_with_it() {
    let direct = |text: &str| serde_json::json!({"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "ts": "100.1", "text": text});
    let expected = "U1 in D1/ by Direct: status [message/D1/100.1]";
    assert_eq!(heard(direct("status")), expected);
    assert_eq!(heard(direct("<@UBOT> status")), expected);
    let mut also = mention("<@UBOT> status");
    also["channel"] = "D1".into();
    assert_eq!(heard(also), expected);
}

#[test]
fn programs_edits_and_deletions_give_no_commands() {
    let with = |name: &str, value: serde_json::Value| {
        let mut event = mention("<@UBOT> status");
        event[name] = value;
        heard(event)
    };
    assert_eq!(with("bot_id", "B1".into()), "not kept: a message that a program wrote");
    for subtype in ["message_changed", "message_deleted", "channel_join"] {
        assert_eq!(with("subtype", subtype.into()), "not kept: news about a message that was there before");
    }
    assert_eq!(with("edited", serde_json::json!({"ts": "1"})), "not kept: news about a message that was there before");
    assert_eq!(with("subtype", "thread_broadcast".into()), "U1 in C1/100.1 by Mention: status [message/C1/100.1]");
}

/// What a click says, in words.
fn clicked(change: impl FnOnce(&mut serde_json::Value)) -> Interaction {
    let mut click = serde_json::json!({
        "type": "block_actions", "trigger_id": "13.37", "response_url": "https://hooks.slack.test/1",
        "team": {"id": "T1"}, "user": {"id": "U1", "username": "mika", "team_id": "T1"}, "channel": {"id": "C1"},
        "container": {"type": "message", "message_ts": "100.1", "channel_id": "C1"},
        "message": {"ts": "100.1", "thread_ts": "100.1"},
        "actions": [{"action_id": "command/stop", "action_ts": "170.5", "type": "button", "value": "stop resnet-k3f9q2"}],
    });
    change(&mut click);
    read_interaction(click.to_string().as_bytes(), noon()).unwrap()
}

#[test]
fn a_click_is_the_command_that_its_button_holds() {
    let Interaction::Command(call) = clicked(|_| {}) else { panic!() };
    assert_eq!(call.event.key.delivery, "action/C1/U1/170.5");
    assert_eq!(call.response_url, "https://hooks.slack.test/1");
    let command = call.command().unwrap();
    assert_eq!((command.text.as_str(), command.given), ("stop resnet-k3f9q2", Given::Button));
    assert_eq!((command.user_name.as_str(), command.thread.as_deref()), ("mika", None), "it begins the thread");
    let in_thread = clicked(|click| click["message"]["thread_ts"] = "90.1".into());
    let Interaction::Command(call) = in_thread else { panic!() };
    assert_eq!(call.command().unwrap().thread.as_deref(), Some("90.1"));
}

#[test]
fn a_click_on_a_form_button_opens_a_form_and_on_a_link_does_nothing() {
    let Interaction::Open(opening) = clicked(|click| {
        click["actions"][0]["action_id"] = "form/start".into();
        click["actions"][0]["value"] = "resnet".into();
    }) else {
        panic!()
    };
    assert_eq!((opening.tuning.as_str(), opening.call.trigger.as_str()), ("resnet", "13.37"));
    let Interaction::Other(link) = clicked(|click| click["actions"][0]["action_id"] = "grafana".into()) else {
        panic!()
    };
    insta::assert_snapshot!(describe(&link.kind), @"not for us: Slack interaction block_actions grafana");
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
        let EventKind::SlashCommand(command) = parse_command(form.as_bytes(), noon()).unwrap().event.kind else { panic!() };
        prop_assert_eq!(command.text, text.trim());
    }
}
