use super::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn attempt() -> AttemptId {
    "resnet-k3f9q2-17-1".parse().unwrap()
}

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn tokens() -> TrialTokens {
    TrialTokens::new(&[7; 32])
}

/// Base64url without padding.
fn part(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bytes = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for position in 0..=chunk.len() {
            encoded.push(LETTERS[(bits >> (18 - 6 * position)) as usize & 63] as char);
        }
    }
    encoded
}

fn claims(change: impl FnOnce(&mut serde_json::Value)) -> serde_json::Value {
    let mut claims = serde_json::json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "resnet-k3f9q2-17-1", "iat": noon().as_second(),
        "exp": noon().as_second() + 3600,
    });
    change(&mut claims);
    claims
}

fn signed(algorithm: Algorithm, claims: &serde_json::Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(&[7; 32])).unwrap()
}

#[test]
fn a_token_is_good_for_its_attempt_until_it_expires() {
    let token = tokens().issue(&attempt(), noon(), HOUR).unwrap();
    let check = |seconds: i64| tokens().verify(token.expose_secret(), noon() + SignedDuration::from_secs(seconds));
    assert_eq!(check(0), Ok(attempt()));
    assert_eq!(check(3599), Ok(attempt()));
    assert_eq!(check(3600), Err(TokenError::Expired));
}

#[test]
fn a_token_of_another_server_is_refused() {
    let token = TrialTokens::new(&[8; 32]).issue(&attempt(), noon(), HOUR).unwrap();
    assert_eq!(tokens().verify(token.expose_secret(), noon()), Err(TokenError::Invalid));
}

#[test]
fn a_token_that_says_it_needs_no_signature_is_refused() {
    let payload = part(&claims(|_| {}).to_string());
    // The encoder of this test is sound: with a signature the same parts are accepted.
    let good = signed(Algorithm::HS256, &claims(|_| {}));
    assert_eq!(good.split('.').nth(1).unwrap(), payload);
    assert_eq!(tokens().verify(&good, noon()), Ok(attempt()));
    for algorithm in ["none", "None", "NONE", "RS256", "HS512"] {
        let header = part(&format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        let signature = good.split('.').nth(2).unwrap();
        for token in [format!("{header}.{payload}."), format!("{header}.{payload}.{signature}")] {
            assert_eq!(tokens().verify(&token, noon()), Err(TokenError::Invalid), "{algorithm}");
        }
    }
}

#[test]
fn another_algorithm_under_the_right_key_is_refused() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(tokens().verify(&signed(algorithm, &claims(|_| {})), noon()), Err(TokenError::Invalid));
    }
}

#[test]
fn a_token_for_another_purpose_or_without_a_claim_is_refused() {
    for claims in [
        claims(|claims| claims["aud"] = "another".into()),
        claims(|claims| claims["iss"] = "another".into()),
        claims(|claims| claims["sub"] = "no attempt".into()),
        claims(|claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        claims(|claims| drop(claims.as_object_mut().unwrap().remove("aud"))),
    ] {
        assert_eq!(tokens().verify(&signed(Algorithm::HS256, &claims), noon()), Err(TokenError::Invalid), "{claims}");
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_is_no_token(token in "\\PC{0,200}") {
        proptest::prop_assert_eq!(tokens().verify(&token, noon()), Err(TokenError::Invalid));
    }
}
