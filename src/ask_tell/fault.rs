//! What is wrong with a request, as its answer says it.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// Not JSON, or a field that is missing or wrong.
    BadRequest,
    UnknownOp,
    /// Nothing was created yet.
    NoStudy,
    BadSpace,
    /// A sampler, a pruner or an option that this program lacks.
    Unsupported,
    /// Not a pending trial.
    UnknownId,
    /// Values or parameters that do not fit the study.
    BadValues,
    /// The request is right, and yet it could not be done.
    Internal,
}

/// Why a request was refused. Nothing has changed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub(super) struct Fault {
    pub code: Code,
    pub message: String,
}

impl Fault {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }
}
