//! The error of every service crate.

mod code;
mod transport;

use std::error::Error as StdError;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use regionmig_core::{BoxError, Classify, End, ErrorKind, Gap, JournalError, NameError, RebindError, UnresolvedError};

/// What went wrong with a request to AWS, or with what came back.
///
/// Ready to be a service's `type Error`. It says what was attempted, where, and what AWS said;
/// [`kind`](Self::kind) is what decisions are based on. It keeps neither request nor response: those
/// may hold secrets.
///
/// ```no_run
/// # async fn example(client: aws_sdk_sts::Client) -> Result<(), regionmig_aws::Error> {
/// use regionmig_aws::Error;
/// let answer = client.get_caller_identity().send().await.map_err(Error::of("sts:GetCallerIdentity"))?;
/// let account = answer.account().ok_or_else(|| Error::malformed("sts:GetCallerIdentity", "Account"))?;
/// # let _ = account; Ok(())
/// # }
/// ```
pub struct Error(Box<Failure>);

/// Boxed, so that a `Result` stays small.
struct Failure {
    kind: ErrorKind,
    action: Option<&'static str>,
    end: Option<End>,
    code: Option<String>,
    request_id: Option<String>,
    /// What is so, after the action and where it went.
    text: String,
    source: Option<BoxError>,
}

impl Error {
    /// Returns what turns an error of the SDK into this one, for `map_err`.
    ///
    /// Whether the request may have been executed is told from the transport's outcome, the HTTP
    /// status and the code; see [`ErrorKind::proves_no_effect`].
    pub fn of<E>(action: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        move |error| transport::classify(action, error)
    }

    /// Makes an error that no request had: `text` says what is so, in lower case and without a full stop.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self(Box::new(Failure { kind, action: None, end: None, code: None, request_id: None, text, source: None }))
    }

    /// Says that `id` exists, and is not what it should be.
    pub fn conflict(id: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Conflict, format!("`{id}` exists, and is not what the plan would make"))
    }

    /// Says that the answer to `action` came, and that `field` is missing in it or not readable.
    ///
    /// A change may have been made: the answer to it came.
    pub fn malformed(action: &'static str, field: impl fmt::Display) -> Self {
        Self::unexpected(action, format!("the answer has no readable `{field}`"))
    }

    /// Says that `action` led to something that should not be.
    pub fn unexpected(action: &'static str, text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unexpected, text).by(action)
    }

    /// Says where the request went.
    #[must_use]
    pub fn at(mut self, end: &End) -> Self {
        self.0.end = Some(end.clone());
        self
    }

    /// Says by which request it came to this.
    #[must_use]
    pub fn by(mut self, action: &'static str) -> Self {
        self.0.action = Some(action);
        self
    }

    /// Says what caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns the kind, on which alone decisions are based.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the IAM action of the request, such as `kms:CreateKey`.
    pub fn action(&self) -> Option<&'static str> {
        self.0.action
    }

    /// Returns the code that AWS gave, such as `AccessDeniedException`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns where the request went.
    pub fn end(&self) -> Option<&End> {
        self.0.end.as_ref()
    }

    /// Returns the id that AWS gave the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns whether AWS asked for a slower pace, whatever else the answer leaves open.
    pub(crate) fn is_throttle(&self) -> bool {
        self.kind() == ErrorKind::Throttle || self.code().is_some_and(code::is_throttle)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.action, &self.0.end) {
            (Some(action), Some(end)) => write!(f, "{action} at {end}: {}", self.0.text),
            (Some(action), None) => write!(f, "{action}: {}", self.0.text),
            (None, Some(end)) => write!(f, "{end}: {}", self.0.text),
            (None, None) => f.write_str(&self.0.text),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("kind", &self.0.kind).field("text", &self.to_string()).field("code", &self.0.code);
        shown.field("request_id", &self.0.request_id).field("source", &self.0.source).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl Classify for Error {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }

    fn action(&self) -> Option<&str> {
        self.action()
    }

    fn code(&self) -> Option<&str> {
        self.code()
    }

    fn end(&self) -> Option<&End> {
        self.end()
    }

    fn request_id(&self) -> Option<&str> {
        self.request_id()
    }
}

impl From<Error> for Gap {
    fn from(error: Error) -> Self {
        Self::new(error.action().unwrap_or("reading"), &error)
    }
}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        Self::new(ErrorKind::Unavailable, "what was done could not be written down").because(error)
    }
}

/// Most names are read from answers, so a change may have been made.
impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::new(ErrorKind::Unexpected, "a name has not the form it should have").because(error)
    }
}

/// A receipt is bound after the change was made, so this leaves doubt.
impl From<RebindError> for Error {
    fn from(error: RebindError) -> Self {
        Self::new(ErrorKind::Unexpected, "one source would have two counterparts").because(error)
    }
}

/// What a step needs is resolved before its request is made, so nothing was sent.
impl From<UnresolvedError> for Error {
    fn from(error: UnresolvedError) -> Self {
        Self::new(ErrorKind::Invalid, "what the step needs is not there").because(error)
    }
}
