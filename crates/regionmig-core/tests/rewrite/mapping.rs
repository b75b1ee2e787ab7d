//! What a request of the source becomes in the target: the same call, by the same principal, on the counterpart.
//!
//! Ids are exchanged, not only mapped, and the region alone changes where an id has no counterpart: so each request of
//! the target belongs to one of the source, and what a wildcard covers there it may cover here.

use super::evaluator::{Principal, Request};

/// The key under which the resource of a request is mapped, which is no condition key.
pub(crate) const RESOURCE: &str = "resource";

/// The two ends of a route, and the ids of the source with those of their counterparts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) source: End,
    pub(crate) target: End,
    ids: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
}

/// As they stand in an ARN after the account, or in a value of their own.
const IDS: &[(&str, &str)] = &[
    ("key/1234abcd-12ab-34cd-56ef-1234567890ab", "key/9876fedc-98fe-76dc-54ba-9876543210fe"),
    ("userpool/me-central-1_aBcD1234e", "userpool/eu-central-1_fGhI5678j"),
    ("certificate/11111111-1111-4111-8111-111111111111", "certificate/22222222-2222-4222-8222-222222222222"),
    ("detector/0123456789abcdef0123456789abcdef", "detector/fedcba9876543210fedcba9876543210"),
    ("me-central-1:aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa", "eu-central-1:bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb"),
];

const SOURCE: End = End { account: "111122223333", region: "me-central-1" };

/// To another region of the account.
pub(crate) const WITHIN: World =
    World { source: SOURCE, target: End { account: "111122223333", region: "eu-central-1" }, ids: IDS };

/// To another account as well.
pub(crate) const ACROSS: World =
    World { source: SOURCE, target: End { account: "444455556666", region: "eu-central-1" }, ids: IDS };

impl World {
    /// The way back: ids are exchanged, so their list is the same.
    pub(crate) fn reversed(&self) -> Self {
        Self { source: self.target, target: self.source, ids: self.ids }
    }

    /// The pairs of ids, of the source and of the target.
    pub(crate) fn ids(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.ids.iter().copied()
    }

    pub(crate) fn carried(&self, request: &Request) -> Request {
        let mut carried = request.clone();
        if let Principal::Service(service) = &mut carried.principal {
            *service = self.host(service).unwrap_or_else(|| service.clone());
        }
        carried.resource = self.carried_value(RESOURCE, &request.resource);
        for (key, values) in &mut carried.context {
            for value in values {
                *value = self.carried_value(key, value);
            }
        }
        carried
    }

    /// Whether something in the request is of the target: it, or a request of the source, is carried there.
    pub(crate) fn names_target(&self, request: &Request) -> bool {
        self.reversed().carried(request) != *request
    }

    /// All requests that are carried to this one, which is one of the target or of neither: each of its values that has
    /// two origins doubles them.
    pub(crate) fn origins(&self, carried: &Request) -> Vec<Request> {
        let back = self.reversed().carried(carried);
        let mut origins = vec![carried.clone()];
        let mut double = |change: &dyn Fn(&mut Request)| {
            let changed: Vec<Request> = origins
                .iter()
                .map(|origin| {
                    let mut origin = origin.clone();
                    change(&mut origin);
                    origin
                })
                .filter(|origin| !origins.contains(origin))
                .collect();
            origins.extend(changed);
        };
        double(&|origin| origin.principal.clone_from(&back.principal));
        double(&|origin| origin.resource.clone_from(&back.resource));
        for (key, values) in &back.context {
            for (at, value) in values.iter().enumerate() {
                double(&|origin| origin.context.get_mut(key).unwrap()[at].clone_from(value));
            }
        }
        origins.retain(|origin| self.carried(origin) == *carried);
        origins
    }

    /// What a value of a request becomes, by the key it stands under, in small letters.
    pub(crate) fn carried_value(&self, key: &str, value: &str) -> String {
        let carried = match key {
            "aws:requestedregion" | "kms:replicaregion" => {
                (value == self.source.region).then(|| self.target.region.to_owned())
            }
            "kms:viaservice" => self.host(value),
            "saml:aud" => {
                let of = |end: End| format!("https://{}.signin.aws.amazon.com/saml", end.region);
                (value == of(self.source)).then(|| of(self.target))
            }
            "cognito-identity.amazonaws.com:aud" => {
                value.starts_with(self.source.region).then(|| self.exchanged(value)).flatten()
            }
            RESOURCE | "aws:sourcearn" => self.arn(value),
            key if key.starts_with("kms:encryptioncontext:") => self.arn(value),
            _ => None,
        };
        carried.unwrap_or_else(|| value.to_owned())
    }

    /// What a value of a policy may become: its image, where the counterpart of what it names is known.
    pub(crate) fn image(&self, key: &str, value: &str) -> Option<String> {
        let image = self.carried_value(&key.to_ascii_lowercase(), value);
        (image != value && self.is_resolved(value)).then_some(image)
    }

    /// Whether a value matches of the source what it matches of the target, or has an image that does: by it, a denial
    /// keeps its reach. Of patterns without an image it is said of none, but for the one that matches all.
    pub(crate) fn is_settled(&self, key: &str, value: &str) -> bool {
        let key = key.to_ascii_lowercase();
        let is_carried =
            matches!(&*key, "aws:requestedregion" | "kms:replicaregion" | "kms:viaservice" | "aws:sourcearn")
                || matches!(&*key, "saml:aud" | "cognito-identity.amazonaws.com:aud" | RESOURCE)
                || key.starts_with("kms:encryptioncontext:");
        let is_same = !value.contains(['*', '?']) && self.carried_value(&key, value) == value;
        !is_carried || value == "*" || is_same || self.image(&key, value).is_some()
    }

    fn host(&self, host: &str) -> Option<String> {
        let of = |end: End| format!(".{}.amazonaws.com", end.region);
        host.strip_suffix(&of(self.source)).map(|service| format!("{service}{}", of(self.target)))
    }

    fn arn(&self, arn: &str) -> Option<String> {
        let [prefix, partition, service, region, account, resource] = six(arn)?;
        (region == self.source.region && account == self.source.account).then(|| {
            let resource = self.exchanged(resource).unwrap_or_else(|| resource.to_owned());
            let End { account, region } = self.target;
            format!("{prefix}:{partition}:{service}:{region}:{account}:{resource}")
        })
    }

    fn exchanged(&self, id: &str) -> Option<String> {
        self.ids.iter().find_map(|(one, other)| match id {
            id if id == *one => Some((*other).to_owned()),
            id if id == *other => Some((*one).to_owned()),
            _ => None,
        })
    }

    /// Whether an ARN names something by a name that its owner gave, or by an id whose counterpart is known, or all of
    /// a kind. Some characters of an id that AWS made say nothing about the counterparts' ids.
    fn is_resolved(&self, value: &str) -> bool {
        let Some([.., service, _, _, resource]) = six(value) else { return true };
        let made = match service {
            "acm" | "cognito-idp" | "guardduty" => resource.split_once('/').map(|(_, id)| id),
            "kms" => resource.strip_prefix("key/").filter(|id| !id.starts_with("mrk-")),
            _ => None,
        };
        made.is_none_or(|id| id == "*" || self.ids().any(|(source, _)| source == resource))
    }
}

fn six(arn: &str) -> Option<[&str; 6]> {
    arn.splitn(6, ':').collect::<Vec<_>>().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{ACROSS, Principal, RESOURCE, Request, WITHIN};

    #[test]
    fn what_is_ours_in_the_source_is_carried_and_nothing_else_is() {
        let (key, other) = ("key/1234abcd-12ab-34cd-56ef-1234567890ab", "key/9876fedc-98fe-76dc-54ba-9876543210fe");
        for (name, source, target) in [
            (
                RESOURCE,
                format!("arn:aws:kms:me-central-1:111122223333:{key}"),
                format!("arn:aws:kms:REGION:ACCOUNT:{other}"),
            ),
            (RESOURCE, "arn:aws:kms:me-central-1:111122223333:key/*".into(), "arn:aws:kms:REGION:ACCOUNT:key/*".into()),
            ("aws:sourcearn", "arn:aws:sns:me-central-1:111122223333:t".into(), "arn:aws:sns:REGION:ACCOUNT:t".into()),
            ("kms:viaservice", "sns.me-central-1.amazonaws.com".into(), "sns.REGION.amazonaws.com".into()),
            ("aws:requestedregion", "me-central-1".into(), "REGION".into()),
            (
                "saml:aud",
                "https://me-central-1.signin.aws.amazon.com/saml".into(),
                "https://REGION.signin.aws.amazon.com/saml".into(),
            ),
        ] {
            for world in [WITHIN, ACROSS] {
                let target = target.replace("REGION", world.target.region).replace("ACCOUNT", world.target.account);
                assert_eq!(world.carried_value(name, &source), target);
                assert_eq!(world.reversed().carried_value(name, &target), source);
                assert_eq!(world.image(name, &source), Some(target));
            }
        }
        for (name, value) in [
            (RESOURCE, "arn:aws:kms:me-central-1:999999999999:key/*"),
            (RESOURCE, "arn:aws:kms:me-central-1:*:key/*"),
            (RESOURCE, "arn:aws:kms:me-*:111122223333:key/*"),
            (RESOURCE, "arn:aws:kms:us-east-1:111122223333:key/*"),
            (RESOURCE, "arn:aws:kms:me-central-1:*"),
            (RESOURCE, "arn:aws:s3:::me-central-1"),
            ("aws:resourcetag/region", "me-central-1"),
            ("sts:externalid", "me-central-1"),
            ("kms:viaservice", "sns.me-central-1.amazonaws.com.cn"),
            ("saml:aud", "https://signin.aws.amazon.com/saml"),
        ] {
            assert_eq!(WITHIN.carried_value(name, value), value);
        }
    }

    #[test]
    fn an_id_without_its_counterpart_has_no_image_but_a_name_and_all_of_a_kind_have() {
        for (resource, is_known) in [
            ("kms:me-central-1:111122223333:key/00000000-0000-4000-8000-000000000000", false),
            ("kms:me-central-1:111122223333:key/9876fedc-98fe-76dc-54ba-9876543210fe", false),
            ("kms:me-central-1:111122223333:key/12*", false),
            ("kms:me-central-1:111122223333:key/*", true),
            ("kms:me-central-1:111122223333:key/mrk-0000", true),
            ("kms:me-central-1:111122223333:alias/app", true),
            ("secretsmanager:me-central-1:111122223333:secret:other-AbCdEf", true),
            ("secretsmanager:me-central-1:111122223333:secret:other-??????", true),
            ("sqs:me-central-1:111122223333:queue", true),
        ] {
            assert_eq!(WITHIN.image(RESOURCE, &format!("arn:aws:{resource}")).is_some(), is_known, "{resource}");
        }
    }

    #[test]
    fn a_request_of_the_target_has_all_its_origins() {
        let request = Request {
            principal: Principal::Service("guardduty.eu-central-1.amazonaws.com".into()),
            action: "kms:Decrypt".into(),
            resource: "arn:aws:kms:eu-central-1:444455556666:key/mrk-1".into(),
            context: [("aws:requestedregion".into(), vec!["eu-central-1".into()]), ("aws:a".into(), vec!["b".into()])]
                .into(),
        };
        let origins = ACROSS.origins(&request);
        assert_eq!(origins.len(), 8, "{origins:?}");
        assert!(origins.iter().all(|origin| ACROSS.carried(origin) == request));
        assert!(ACROSS.names_target(&request));
        // The other route's target is in another account: this is somebody else's key there.
        assert_eq!(WITHIN.origins(&request).len(), 4);
        let source = WITHIN.reversed().carried(&request);
        assert!(!WITHIN.names_target(&source) && WITHIN.origins(&source).is_empty());
    }
}
