//! Asks KMS beforehand whether it would do what a step asks for.
// REQ: E-7

use regionmig_aws::Error;
use regionmig_core::{End, ErrorKind, Finding, Side, StepContext};

use crate::apply::{grant_request, is_of_state, target_of};
use crate::finding;
use crate::service::Kms;
use crate::step::{CreateGrant, Step};

/// The code by which KMS says that a dry run would have succeeded (API reference, CreateGrant, Decrypt, Encrypt, ReEncrypt).
const WOULD_SUCCEED: &str = "DryRunOperationException";

impl Kms {
    /// Of all that steps ask for, KMS can be asked of grants only.
    pub(crate) async fn ask_beforehand(&self, step: &Step, cx: &StepContext<'_>) -> Result<Vec<Finding>, Error> {
        match step {
            Step::CreateGrant(step) => self.ask_for_grant(step, cx).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn ask_for_grant(&self, step: &CreateGrant, cx: &StepContext<'_>) -> Result<Vec<Finding>, Error> {
        const ACTION: &str = "kms:CreateGrant";
        let (end, target) = (cx.end(Side::Target), target_of(&step.key, cx)?);
        let terms = step.filled(|value| cx.fill(value))?;
        let send =
            |client: aws_sdk_kms::Client| grant_request(&client, (&step.name, &terms), &target).dry_run(true).send();
        // A reader: nothing is changed, so it may be sent more than once.
        let answer = self.clients().read(end, ACTION, send).await.map(drop);
        match would_succeed(ACTION, end, answer) {
            Ok(()) => Ok(Vec::new()),
            Err(error) if is_no_answer(&error) => Err(error),
            Err(error) => Ok(vec![finding::preflight_refused(step.id(), &error)]),
        }
    }
}

/// Returns what the answer to a dry run says of the request.
pub(crate) fn would_succeed(action: &'static str, end: &End, answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Ok(()) => Err(Error::unexpected(action, "a dry run was carried out").at(end)),
        Err(error) if error.code() == Some(WOULD_SUCCEED) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What passes is no answer. Nor is that the key is disabled: the plan may enable it first.
fn is_no_answer(error: &Error) -> bool {
    let kind = error.kind();
    let has_ended = matches!(kind, ErrorKind::Cancel | ErrorKind::Credentials | ErrorKind::Unexpected);
    kind.is_passing() || has_ended || is_of_state(error)
}
