//! What a request asks for: verb, resource, namespace, name, and its query.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::Value;
use url::form_urlencoded;

use super::resources::{RESOURCES, Resource};
use super::status::{FieldFault, Refusal};

/// Bytes of a request's body that the server reads.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// A request for resources, read from its address.
#[derive(Debug, Clone)]
pub struct Target {
    pub resource: &'static Resource,
    /// None is every namespace, or a resource that has none.
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// The verb that rights are given for: `get`, `list`, `watch`, `create`, `patch`, `update`, `delete`,
    /// `deletecollection`.
    pub verb: &'static str,
    pub query: Query,
}

#[derive(Debug, Clone, Default)]
pub struct Query(BTreeMap<String, String>);

pub struct Body<'a> {
    pub headers: &'a HeaderMap,
    pub bytes: &'a Bytes,
}

impl Target {
    /// None: the address means nothing.
    pub fn parse(method: &Method, uri: &Uri) -> Option<Self> {
        let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        let (group, version, rest) = match path.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
            [plural] => (None, *plural, None),
            [plural, name] => (None, *plural, Some(*name)),
            _ => return None,
        };
        let resource = RESOURCES.iter().find(|resource| {
            (resource.group, resource.version, resource.plural) == (group, version, plural)
                && (namespace.is_none() || resource.is_namespaced)
                && (name.is_none() || namespace.is_some() || !resource.is_namespaced)
        })?;
        let query = Query::parse(uri);
        let verb = match (method.as_str(), name) {
            ("GET", Some(_)) => "get",
            ("GET", None) if query.flag("watch") => "watch",
            ("GET", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", Some(_)) => "delete",
            ("DELETE", None) => "deletecollection",
            _ => return None,
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Self { resource, namespace: owned(namespace), name: owned(name), verb, query })
    }

    /// What faults and counters call it: `create workflows`.
    pub fn call(&self) -> String {
        format!("{} {}", self.verb, self.resource.plural)
    }
}

impl Query {
    fn parse(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Empty when it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn flag(&self, key: &str) -> bool {
        matches!(self.0.get(key).map(String::as_str), Some("true" | "1" | ""))
    }

    /// # Errors
    /// 400: it is not a whole number.
    pub fn number(&self, key: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.0.get(key).filter(|text| !text.is_empty()) else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_| Refusal::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
    }

    /// # Errors
    /// 422: it has another value than `All`.
    pub fn is_dry_run(&self, options: &str) -> Result<bool, Refusal> {
        match self.0.get("dryRun").map(String::as_str) {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => {
                let value = Value::from(vec![other]);
                let fault = FieldFault::unsupported("dryRun", &value, &["All"]);
                Err(Refusal::invalid_kind("meta.k8s.io", options, "", &[fault]))
            }
        }
    }
}

impl Body<'_> {
    /// Without parameters such as the charset; JSON where nothing is said.
    pub fn content_type(&self) -> &str {
        let value = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.unwrap_or("application/json").split(';').next().unwrap_or_default().trim()
    }

    /// # Errors
    /// 413: it is too long. 400: it is no JSON.
    pub fn json(&self) -> Result<Value, Refusal> {
        if self.bytes.len() > BODY_LIMIT {
            return Err(Refusal::too_large(BODY_LIMIT));
        }
        serde_json::from_slice(self.bytes)
            .map_err(|error| Refusal::bad_request(format!("error decoding body: {error}")))
    }
}

/// # Errors
/// 406: the caller reads no JSON.
pub fn need_json_accepted(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let is_json = |alternative: &str| {
        let mut parts = alternative.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        // `as=Table` and the like ask for other views of an object, which this server has not.
        matches!(kind, "application/json" | "application/*" | "*/*" | "") && !parts.any(|part| part.starts_with("as="))
    };
    if accept.split(',').any(is_json) { Ok(()) } else { Err(Refusal::not_acceptable()) }
}
