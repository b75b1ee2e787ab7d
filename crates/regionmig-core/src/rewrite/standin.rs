use crate::region::{NameError, Partition, Region};
use std::fmt;
use std::str::FromStr;
#[derive(Clone, Debug)]
pub(super) struct SignInEndpoint(Region, String);
impl SignInEndpoint {
    pub(super) fn of(region: &Region) -> Self {
        Self(region.clone(), "/saml".into())
    }
    pub(super) fn region(&self) -> &Region {
        &self.0
    }
    pub(super) fn in_region(&self, region: &Region) -> Self {
        Self(region.clone(), self.1.clone())
    }
}
impl fmt::Display for SignInEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}.signin.aws.amazon.com{}", self.0, self.1)
    }
}
impl FromStr for SignInEndpoint {
    type Err = NameError;
    fn from_str(t: &str) -> Result<Self, NameError> {
        let e = || NameError::new("x", t, "x");
        let (r, p) = t.strip_prefix("https://").and_then(|t| t.split_once(".signin.aws.amazon.com")).ok_or_else(e)?;
        Ok(Self(r.parse()?, p.into()))
    }
}
impl Partition {
    pub fn dual_stack_suffix(self) -> &'static str {
        "api.aws"
    }
}
