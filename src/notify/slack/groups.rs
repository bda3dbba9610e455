//! Who is in which of Slack's user groups. An answer is believed for a minute.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::web::{SlackWeb, WebError};

const BELIEVED: Duration = Duration::from_secs(60);

pub struct SlackGroups {
    web: SlackWeb,
    known: Mutex<HashMap<String, (Instant, BTreeSet<String>)>>,
}

impl SlackGroups {
    pub fn new(web: SlackWeb) -> Self {
        Self { web, known: Mutex::default() }
    }

    /// Is the user in the group?
    ///
    /// # Errors
    /// [`WebError`]; the app may lack the scope `usergroups:read`.
    pub async fn has(&self, group: &str, user: &str) -> Result<bool, WebError> {
        if let Some(is_in) = self.believed(group, user) {
            return Ok(is_in);
        }
        let members = self.web.group_members(group).await?;
        let is_in = members.contains(user);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(group.to_owned(), (Instant::now(), members));
        Ok(is_in)
    }

    fn believed(&self, group: &str, user: &str) -> Option<bool> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (asked, members) = known.get(group)?;
        (asked.elapsed() < BELIEVED).then(|| members.contains(user))
    }
}
