//! One list of scopes: the table of the code, the app's manifest that is shipped, and what the fake demands of each call.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tunebot::notify::slack::scopes::{EVENTS, SCOPES};

use crate::support::slack::{DIRECT, METHODS, SECRET, TUNING, scopes};

/// Channels of each kind, and whether they are private.
const KINDS: [(&str, bool); 3] = [(TUNING, false), (SECRET, true), (DIRECT, true)];

fn manifest() -> (String, Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/slack-app-manifest.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let parsed = serde_yaml::from_str(&text).unwrap();
    (text, parsed)
}

#[test]
fn the_manifest_asks_for_exactly_what_is_used_each_with_its_reason() {
    let (text, manifest) = manifest();
    assert_eq!(manifest["oauth_config"]["scopes"], json!({ "bot": SCOPES.map(|scope| scope.name) }));
    let settings = &manifest["settings"];
    assert_eq!(settings["event_subscriptions"]["bot_events"], json!(EVENTS));
    for name in SCOPES.iter().map(|scope| scope.name).chain(EVENTS) {
        let entry = text.lines().find(|line| line.trim_start().starts_with(&format!("- {name} "))).unwrap();
        assert!(entry.contains("# "), "{name} has no reason");
    }
}

#[test]
fn the_manifest_leads_to_the_addresses_of_the_server() {
    let (_, manifest) = manifest();
    let (command, settings) = (&manifest["features"]["slash_commands"][0], &manifest["settings"]);
    assert_eq!(command["command"], "/tune");
    assert_eq!(settings["interactivity"]["is_enabled"], true);
    let address = |path: &str| format!("https://tunebot.example.com/webhooks/slack/{path}");
    assert_eq!(command["url"], address("commands"));
    assert_eq!(settings["interactivity"]["request_url"], address("interactions"));
    assert_eq!(settings["event_subscriptions"]["request_url"], address("events"));
    let home = &manifest["features"]["app_home"];
    let writable = (&home["messages_tab_enabled"], &home["messages_tab_read_only_enabled"]);
    assert_eq!(writable, (&json!(true), &json!(false)), "people can write to the bot");
}

#[test]
fn every_scope_that_a_call_demands_is_in_the_table_with_the_call() {
    let all: BTreeSet<&str> = SCOPES.iter().map(|scope| scope.name).collect();
    assert_eq!(all, scopes::ALL.into());
    let calls = METHODS.into_iter().chain(["usergroups.users.list"]);
    let calls: BTreeSet<(&str, &str)> = calls
        .flat_map(|method| KINDS.map(|(channel, is_private)| (method, channel, is_private)))
        // Nobody is invited to what is between two: tunebot does not ask.
        .filter(|(method, channel, _)| (*method, *channel) != ("conversations.info", DIRECT))
        // Words for one person go by response_url.
        .filter(|(method, ..)| *method != "chat.postEphemeral")
        .filter_map(|(method, channel, is_private)| Some((scopes::needed(method, Some(channel), is_private)?, method)))
        .collect();
    let listed = SCOPES.iter().flat_map(|scope| scope.asked_by.iter().map(|by| (scope.name, *by)));
    let listed: BTreeSet<(&str, &str)> = listed.filter(|(_, by)| *by != "/tune" && !EVENTS.contains(by)).collect();
    assert_eq!(calls, listed);
}
