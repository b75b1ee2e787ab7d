// REQ: E-26
use regionmig_aws::{Access, code};
use regionmig_core::{Caller, ErrorKind, Severity};

use crate::peer::Peer;

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::111122223333:root</Arn><UserId>x</UserId><Account>111122223333</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";
const EXPIRED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>\
    <Message>expired</Message></Error></ErrorResponse>";

#[tokio::test]
async fn the_account_is_asked_for_in_the_region_itself() {
    let peer = Peer::new([(200, IDENTITY), (403, EXPIRED)]);
    let access = Access::new(&peer.config());
    let end = "111122223333/me-central-1".parse().unwrap();
    assert_eq!(access.account(&end).await.unwrap().as_str(), "111122223333");
    assert_eq!(peer.requests()[0].0, "https://sts.me-central-1.amazonaws.com/");
    assert_eq!(access.account(&end).await.unwrap_err().kind, ErrorKind::Credentials);
}

#[tokio::test]
async fn a_region_that_need_not_be_enabled_is_not_asked_for() {
    let peer = Peer::default();
    assert_eq!(Access::new(&peer.config()).readiness(&"111122223333/eu-central-1".parse().unwrap()).await, []);
    assert_eq!(peer.requests(), []);
}

#[tokio::test]
async fn whether_a_region_is_enabled_is_asked_where_the_partition_answers() {
    let status = r#"{"RegionName":"me-central-1","RegionOptStatus":"DISABLED"}"#;
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    let peer = Peer::new([(200, status), (403, denied)]);
    let access = Access::new(&peer.config());
    let end = "111122223333/me-central-1".parse().unwrap();
    let found = access.readiness(&end).await;
    assert_eq!((found[0].severity, found[0].code.as_str()), (Severity::Blocker, code::REGION_NOT_ENABLED));
    let (uri, body) = &peer.requests()[0];
    assert!(uri.starts_with("https://account.us-east-1.") || uri.starts_with("https://account.global."), "{uri}");
    assert_eq!(body, r#"{"RegionName":"me-central-1"}"#);
    let found = access.readiness(&end).await;
    assert_eq!((found[0].severity, found[0].code.as_str()), (Severity::Note, code::REGION_NOT_ASKED));
    assert!(found[0].message.contains("account:GetRegionOptStatus at 111122223333/us-east-1"), "{}", found[0].message);
}
