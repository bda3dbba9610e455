//! HMAC-SHA256 over raw bytes, compared in constant time, with any of several secrets.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::hex;

/// Is `digits` the hexadecimal HMAC-SHA256 of `parts`, one after the other, under any of `secrets`?
///
/// Every secret is tried, so that the time taken does not tell which one it was. An empty secret signs nothing.
pub(super) fn is_signed_by_any(secrets: &[SecretString], parts: &[&[u8]], digits: &str) -> bool {
    let Some(given) = decode_hex(digits) else { return false };
    secrets.iter().fold(false, |matched, secret| {
        let key = secret.expose_secret();
        matched | (!key.is_empty() && authentication_code(key.as_bytes(), parts).ct_eq(&given).into())
    })
}

/// The hexadecimal HMAC-SHA256 that a sender with `secret` puts on `parts`, one after the other.
pub(super) fn sign(secret: &str, parts: &[&[u8]]) -> String {
    hex::encode(&authentication_code(secret.as_bytes(), parts))
}

/// Are two texts the same? Takes the same time wherever they differ, and does not tell their lengths.
pub(super) fn is_same_secret(a: &str, b: &str) -> bool {
    Sha256::digest(a.as_bytes()).ct_eq(&Sha256::digest(b.as_bytes())).into()
}

/// The hexadecimal SHA-256 of `parts`; a delivery id for deliveries that have none of their own.
pub(super) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length goes in first, so that no two lists of parts give the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize())
}

fn authentication_code(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length: the error is there for other algorithms of the same trait.
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        code.update(part);
    }
    code.finalize().into_bytes().into()
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, test case 2.
    const CODE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_published_test_vector_is_accepted_in_pieces_too() {
        let secrets = ["Jefe".to_owned().into()];
        assert!(is_signed_by_any(&secrets, &[b"what do ya want for nothing?"], CODE));
        assert!(is_signed_by_any(&secrets, &[b"what do ya want ", b"for nothing?"], CODE));
    }

    #[test]
    fn a_broken_code_is_refused_without_a_panic() {
        let secrets = ["Jefe".to_owned().into()];
        for code in ["", "5b", &CODE[1..], &"g".repeat(64), &"é".repeat(32), &CODE.replace('5', "6")] {
            assert!(!is_signed_by_any(&secrets, &[b"what do ya want for nothing?"], code), "{code}");
        }
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let code = sign("", &[b"body"]);
        assert!(!is_signed_by_any(&[String::new().into()], &[b"body"], &code));
        assert!(!is_signed_by_any(&[], &[b"body"], &code));
    }

    #[test]
    fn secrets_are_the_same_only_when_equal() {
        assert!(is_same_secret("a-token", "a-token"));
        assert!(!is_same_secret("a-token", "a-toke"));
        assert!(!is_same_secret("", "a-token"));
    }
}
