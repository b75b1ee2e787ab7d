//! Whose policies are asked about: the principal behind the credentials.

use aws_sdk_iam::Client;
use regionmig_core::{End, chain};

use crate::access::Access;
use crate::caller::{identity, missing};
use crate::clients::Clients;
use crate::error::Error;

/// A user or role that IAM can simulate, by its ARN.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Principal(String);

impl Principal {
    pub(super) fn arn(&self) -> &str {
        &self.0
    }
}

/// What an ARN of STS says of the caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Caller<'a> {
    Federated,
    Other,
    Role(&'a str),
    Root,
    User,
}

/// Finds out whom the credentials for the account of `home` belong to. If it cannot be asked about them, says why.
pub(super) async fn at(access: &Access, clients: &Clients<Client>, home: &End) -> Result<Principal, String> {
    let (account, arn) = whose(access, home).await.map_err(|error| chain(&error))?;
    if account != home.account.as_str() {
        return Err(format!("the credentials are those of {arn}, of another account"));
    }
    match caller(&arn) {
        Caller::User => Ok(Principal(arn)),
        Caller::Role(name) => role(clients, home, name).await.map_err(|error| chain(&error)),
        Caller::Root => Err(format!(
            "{arn} is the root of the account, whom IAM does not simulate; only the organisation's policies limit it"
        )),
        Caller::Federated => Err(format!("{arn} is a federated user, whom IAM does not simulate")),
        Caller::Other => Err(format!("{arn} is neither a user nor the session of a role")),
    }
}

async fn whose(access: &Access, home: &End) -> Result<(String, String), Error> {
    let answer = identity(access, home).await?;
    let account = answer.account.ok_or_else(|| missing("Account", home))?;
    Ok((account, answer.arn.ok_or_else(|| missing("Arn", home))?))
}

/// The ARN of a session lacks the path of its role, without which IAM does not know it.
async fn role(clients: &Clients<Client>, home: &End, name: &str) -> Result<Principal, Error> {
    let action = "iam:GetRole";
    let answer = clients.read(home, action, |client| client.get_role().role_name(name).send()).await?;
    let arn = answer.role.map(|role| role.arn).filter(|arn| !arn.is_empty());
    arn.map(Principal).ok_or_else(|| Error::malformed(action, "Arn").at(home))
}

/// IAM user guide, "IAM identifiers" and "AWS STS principals".
fn caller(arn: &str) -> Caller<'_> {
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", _, "root"] => Caller::Root,
        ["arn", _, "iam", "", _, user] if user.starts_with("user/") => Caller::User,
        ["arn", _, "sts", "", _, session] => match session.split('/').collect::<Vec<_>>()[..] {
            ["assumed-role", name, _] => Caller::Role(name),
            ["federated-user", _] => Caller::Federated,
            _ => Caller::Other,
        },
        _ => Caller::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_by_the_arn_that_sts_gives() {
        let account = |rest: &str| format!("arn:aws:{}", rest.replace("::", "::111122223333:"));
        for (arn, expected) in [
            ("iam::user/operator", Caller::User),
            ("iam::user/teams/a/operator", Caller::User),
            ("iam::root", Caller::Root),
            ("sts::assumed-role/rescue/me@example.com", Caller::Role("rescue")),
            ("sts::federated-user/Bob", Caller::Federated),
            ("sts::assumed-role/rescue", Caller::Other),
            ("iam::role/rescue", Caller::Other),
            ("s3::user/x", Caller::Other),
        ] {
            assert_eq!(caller(&account(arn)), expected, "{arn}");
        }
        assert_eq!(caller(""), Caller::Other);
    }
}
