//! What the signature says about who asks whom. That it is right is taken for granted: the world knows no secrets.

use http::request::Parts;
use jiff::Timestamp;
use regionmig_core::Region;

use super::header;
use crate::call::Refusal;

/// The parts of a SigV4 signature that decide where a request goes.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) access_key: String,
    pub(crate) region: Region,
    pub(crate) service: String,
    pub(crate) token: Option<String>,
    pub(crate) at: Timestamp,
}

impl Signature {
    pub(crate) fn read(parts: &Parts) -> Result<Self, Refusal> {
        let Some(authorization) = header(parts, "authorization") else {
            return Err(Refusal::new("MissingAuthenticationToken").message("Missing Authentication Token").status(403));
        };
        let (Some(scope), Some(at)) = (scope(authorization), signed_at(parts)) else {
            let message = format!("this world reads only headers signed with AWS4-HMAC-SHA256: `{authorization}`");
            return Err(Refusal::new("IncompleteSignature").message(message));
        };
        let [access_key, _, region, service] = scope;
        let region = region.parse().map_err(|error| Refusal::new("IncompleteSignature").message(format!("{error}")))?;
        let token = header(parts, "x-amz-security-token").map(str::to_owned);
        Ok(Self { access_key: access_key.to_owned(), region, service: service.to_owned(), token, at })
    }
}

/// Returns access key, date, region and service.
fn scope(authorization: &str) -> Option<[&str; 4]> {
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let credential = fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))?;
    let mut parts = credential.strip_suffix("/aws4_request")?.split('/');
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?])
}

fn signed_at(parts: &Parts) -> Option<Timestamp> {
    header(parts, "x-amz-date")?.parse().ok()
}
