//! Secrets: read from where the configuration says they are kept. Their text is in no message.

use secrecy::SecretString;

use super::Checker;
use crate::config::schema::SecretReference;
use crate::config::source::Place;

/// A private key has about 3 KB; what is far larger is another file.
const MAX_SECRET_BYTES: usize = 64 * 1024;

impl Checker<'_> {
    pub(super) fn secret(&mut self, place: &Place<'_>, reference: &SecretReference) -> Option<SecretString> {
        let (place, found) = match reference {
            SecretReference::Env(name) => (place.key("env"), self.environment_value(name)),
            SecretReference::File(path) => {
                let path = place.source.folder().join(path);
                let content = self.read(&path);
                (place.key("file"), file_content(&path, content))
            }
        };
        match found {
            Ok(secret) => Some(SecretString::from(secret)),
            Err(message) => {
                self.problems.push(place.problem(message));
                None
            }
        }
    }

    /// Every secret of a list; at least one has to be there.
    pub(super) fn secrets(
        &mut self,
        place: &Place<'_>,
        references: &[SecretReference],
        why: &str,
    ) -> Vec<SecretString> {
        if references.is_empty() && place.item_count() == 0 {
            let problem = place.problem(format!("at least one secret is needed: {why}"));
            self.problems.push(problem.hint("write a list like [{env: NAME}]"));
        }
        references.iter().enumerate().filter_map(|(i, reference)| self.secret(&place.item(i), reference)).collect()
    }

    fn environment_value(&self, name: &str) -> Result<String, String> {
        match (self.env)(name) {
            None => Err(format!("the environment has no variable `{name}`")),
            Some(text) if text.trim().is_empty() => Err(format!("the environment variable `{name}` is empty")),
            Some(text) => Ok(text),
        }
    }
}

fn file_content(path: &std::path::Path, content: std::io::Result<Vec<u8>>) -> Result<String, String> {
    let shown = path.display();
    let content = content.map_err(|error| format!("the secret in {shown} cannot be read: {error}"))?;
    if content.len() > MAX_SECRET_BYTES {
        return Err(format!("{shown} is too large for a secret: {} bytes", content.len()));
    }
    let text = String::from_utf8(content).map_err(|_| format!("the secret in {shown} is not text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() { Err(format!("the secret in {shown} is empty")) } else { Ok(text.to_owned()) }
}
