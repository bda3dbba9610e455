//! Answers that GitHub need not send again: asked with their entity tag, it says "not modified", which costs nothing of
//! the hour's calls. Bounded, and only a memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are kept.
const MOST: usize = 512;
/// Longer answers are not.
const LONGEST: usize = 256 * 1024;

#[derive(Default)]
pub struct Cache(Mutex<Known>);

#[derive(Default)]
struct Known {
    answers: HashMap<String, Arc<Entry>>,
    /// The one that was asked for longest ago comes first.
    order: VecDeque<String>,
}

pub struct Entry {
    pub etag: String,
    pub body: Vec<u8>,
}

impl Cache {
    pub fn get(&self, route: &str) -> Option<Arc<Entry>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.answers.get(route).cloned()?;
        known.order.retain(|other| other != route);
        known.order.push_back(route.to_owned());
        Some(found)
    }

    pub fn put(&self, route: &str, etag: &str, body: &[u8]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.order.retain(|other| other != route);
        if body.len() > LONGEST {
            known.answers.remove(route);
            return;
        }
        if known.order.len() >= MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.answers.remove(&oldest);
        }
        known.order.push_back(route.to_owned());
        let entry = Entry { etag: etag.to_owned(), body: body.to_vec() };
        known.answers.insert(route.to_owned(), Arc::new(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let cache = Cache::default();
        for number in 0..MOST {
            cache.put(&format!("/{number}"), "tag", b"{}");
        }
        assert!(cache.get("/0").is_some());
        cache.put("/new", "tag", b"{}");
        assert!(cache.get("/0").is_some() && cache.get("/new").is_some() && cache.get("/1").is_none());
        cache.put("/new", "tag", &vec![0; LONGEST + 1]);
        assert!(cache.get("/new").is_none());
    }
}
