//! Shows: what a program matches on, and what its user reads.

use regionmig::{Error, ErrorKind, Outcome, PlanError, Stop, chain};

pub(crate) fn end(result: Result<Outcome, Error>) -> (u8, Vec<String>) {
    let mut told = Vec::new();
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => {
            // the plan is for account 111122223333, the credentials at the target are for 444455556666
            told.push(format!("error: {}", chain(&error)));
            let code =
                if matches!(error, Error::Account { .. } | Error::Plan(PlanError::Route { .. })) { 3 } else { 1 };
            return (code, told);
        }
    };
    for (step, error) in outcome.failed() {
        told.push(format!("failed: {step}: {error}"));
        if let (ErrorKind::AccessDenied, Some(action)) = (error.kind(), &error.action) {
            told.push(format!("  allow {action}, then run this again: what is done stays done"));
        }
    }
    let code = match &outcome.stopped {
        Some(Stop::Credentials(error)) => {
            told.push(format!("stopped: renew the credentials, run this again: {error}"));
            4
        }
        _ if outcome.is_complete() => 0,
        _ => {
            told.push(outcome.to_string());
            5
        }
    };
    (code, told)
}
