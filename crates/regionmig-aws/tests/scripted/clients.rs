// REQ: E-27
use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use regionmig_aws::{Access, Clients};
use regionmig_core::{Clock, End, ErrorKind, SystemClock};

use crate::peer::{Peer, Still};

const BUSY: (u16, &str) = (500, r#"{"__type":"InternalServerError","message":"busy"}"#);
const THROTTLE: (u16, &str) = (400, r#"{"__type":"ThrottlingException","message":"slower"}"#);
const TABLES: (u16, &str) = (200, r#"{"TableNames":["config"]}"#);

fn end() -> End {
    "111122223333/eu-central-1".parse().unwrap()
}

fn tables(access: &Access) -> Clients<aws_sdk_dynamodb::Client> {
    access.clients(aws_sdk_dynamodb::Client::new)
}

async fn write(tables: &Clients<aws_sdk_dynamodb::Client>) -> Result<(), regionmig_aws::Error> {
    let delete = |client: aws_sdk_dynamodb::Client| client.delete_table().table_name("config").send();
    tables.write(&end(), "dynamodb:DeleteTable", delete).await.map(drop)
}

async fn read(tables: &Clients<aws_sdk_dynamodb::Client>) -> Result<(), regionmig_aws::Error> {
    tables.read(&end(), "dynamodb:ListTables", |client| client.list_tables().send()).await.map(drop)
}

#[tokio::test]
async fn a_writer_sends_once_whatever_the_settings_say() {
    let peer = Peer::new([BUSY, TABLES]);
    let config = peer.config().into_builder().retry_config(RetryConfig::standard().with_max_attempts(5)).build();
    let error = write(&tables(&Access::new(&config))).await.unwrap_err();
    assert_eq!(peer.requests().len(), 1);
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!((error.action(), error.end()), (Some("dynamodb:DeleteTable"), Some(&end())));
}

#[tokio::test(start_paused = true)]
async fn a_reader_asks_again() {
    let peer = Peer::new([BUSY, TABLES]);
    read(&tables(&Access::new(&peer.config()))).await.unwrap();
    assert_eq!(peer.requests().len(), 2);
    let once = Peer::new([BUSY, TABLES]);
    let config = once.config().into_builder().retry_config(RetryConfig::disabled()).build();
    read(&tables(&Access::new(&config))).await.unwrap_err();
    assert_eq!(once.requests().len(), 1, "the caller's own settings are kept");
}

#[tokio::test]
async fn each_end_has_its_region_and_each_account_its_settings() {
    let (peer, other) = (Peer::new([TABLES, TABLES]), Peer::new([TABLES]));
    let access = Access::new(&peer.config()).with_account("444455556666".parse().unwrap(), &other.config());
    let tables = tables(&access);
    for end in ["111122223333/eu-central-1", "111122223333/us-west-2", "444455556666/eu-west-1"] {
        tables.reader(&end.parse().unwrap()).list_tables().send().await.unwrap();
    }
    let hosts = |peer: &Peer| peer.requests().into_iter().map(|(uri, _)| uri).collect::<Vec<_>>();
    let region = |uris: &[String], region: &str| uris.iter().any(|uri| uri.contains(region));
    assert!(region(&hosts(&peer), "eu-central-1") && region(&hosts(&peer), "us-west-2"));
    assert!(region(&hosts(&other), "eu-west-1"));
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear() {
    let peer = Peer::new([TABLES]);
    let open = peer.config().into_builder().endpoint_url("http://example.com").build();
    let error = write(&tables(&Access::new(&open))).await.unwrap_err();
    assert_eq!((error.kind(), peer.requests().len()), (ErrorKind::Invalid, 0));
    let shown = regionmig_core::chain(&error);
    assert!(shown.contains("`http://example.com` is not encrypted"), "{shown}");
    let here = peer.config().into_builder().endpoint_url("http://localhost:8000").build();
    read(&tables(&Access::new(&here))).await.unwrap();
    assert_eq!(peer.requests().len(), 1);
}

/// Settings without an HTTP client, as `aws-config` makes them: the SDK chooses one.
fn chosen_by_the_sdk() -> aws_types::SdkConfig {
    let mut config = Peer::default().config().into_builder();
    config.set_http_client(None);
    config.build()
}

/// The environment's word on one service.
#[derive(Debug)]
struct Environment(&'static str);

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL").then(|| self.0.to_owned())
    }
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_by_the_client_that_the_sdk_chooses() {
    let open = chosen_by_the_sdk().into_builder().endpoint_url("http://example.com").build();
    let by_environment = |url| chosen_by_the_sdk().into_builder().service_config(Environment(url)).build();
    for config in [open, by_environment("http://example.com")] {
        let error = write(&tables(&Access::new(&config))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(regionmig_core::chain(&error).contains("`http://example.com` is not encrypted"), "{error:?}");
    }
    // Here the SDK has none to choose, and says so: it was left to choose.
    let error = write(&tables(&Access::new(&by_environment("https://example.com")))).await.unwrap_err();
    assert!(!regionmig_core::chain(&error).contains("encrypted"), "{error:?}");
}

#[tokio::test]
async fn a_service_s_own_endpoint_is_looked_at_too() {
    let peer = Peer::new([TABLES]);
    let make = |config: &aws_types::SdkConfig| {
        let config = aws_sdk_dynamodb::config::Builder::from(config).endpoint_url("http://example.com").build();
        aws_sdk_dynamodb::Client::from_conf(config)
    };
    let tables = Access::new(&peer.config()).clients(make);
    let error = read(&tables).await.unwrap_err();
    assert_eq!((error.kind(), peer.requests().len()), (ErrorKind::Invalid, 0));
}

#[tokio::test]
async fn requests_keep_to_the_share_of_the_quota_and_a_throttle_halves_it() {
    let clock = Still::default();
    let peer = Peer::new([TABLES, TABLES, TABLES, THROTTLE, TABLES]);
    // Of this action no quota is known: 10 a second, of which a fifth.
    let access = Access::new(&peer.config()).with_clock(clock.clone()).with_share(0.2);
    let tables = tables(&access);
    let mut at = Vec::new();
    for _ in 0..5 {
        let _refused = write(&tables).await;
        at.push(clock.passed());
    }
    let since = |from: usize, to: usize| (at[to] - at[from]).as_secs_f64();
    assert_eq!(at[0], Duration::ZERO);
    assert!((since(0, 3) - 1.5).abs() < 0.01, "{at:?}");
    assert!((since(3, 4) - 1.0).abs() < 0.01, "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_requests_keep_their_order_and_one_given_up_holds_nobody() {
    let access = Access::new(&Peer::default().config());
    let (end, clock) = (end(), SystemClock::default());
    let start = clock.now();
    let passed = async |action| {
        access.pace().wait(&end, action).await;
        clock.now().duration_since(start).as_millis()
    };
    assert_eq!(passed("config:Read").await, 0);
    tokio::select! { biased;
        _ = passed("config:Read") => panic!("its turn is later"),
        () = std::future::ready(()) => {} // given up
    }
    let (first, second, other) = tokio::join!(passed("config:Read"), passed("config:Read"), passed("config:Write"));
    // Five a second: half of the ten that an unknown action is taken to have.
    assert!((200..203).contains(&first) && (400..404).contains(&second), "{first} {second}");
    assert_eq!(other, 0, "another action has a queue of its own");
}

#[tokio::test]
async fn a_mix_of_new_keys_and_replicas_keeps_within_the_share_of_the_region_they_are_made_in() {
    let clock = Still::default();
    let access = Access::new(&Peer::default().config()).with_clock(clock.clone()).with_share(1.0);
    let (source, target): (End, End) = ("111122223333/me-central-1".parse().unwrap(), end());
    let pace = access.pace();
    let (mut created, mut replicated) = (0_u32, 0_u32);
    while clock.passed() < Duration::from_secs(60) {
        pace.wait(&target, "kms:CreateKey").await;
        created += 1;
        pace.wait_across(&source, &target, "kms:ReplicateKey").await;
        replicated += 1;
    }
    // AWS counts up to five of CreateKey a second there, and two of them a replica.
    let counted = created + 2 * replicated;
    assert!((297..=303).contains(&counted), "{created} {replicated}");
    assert!(replicated <= 300);
}

#[tokio::test]
async fn a_change_of_the_primary_counts_in_both_regions() {
    let clock = Still::default();
    let access = Access::new(&Peer::default().config()).with_clock(clock.clone()).with_share(1.0);
    let (source, target): (End, End) = ("111122223333/me-central-1".parse().unwrap(), end());
    // There and back: in each region all ten are counted, of which there may be five a second.
    for (from, to) in [(&source, &target), (&target, &source)].into_iter().cycle().take(11) {
        access.pace().wait_across(from, to, "kms:UpdatePrimaryRegion").await;
    }
    let seconds = clock.passed().as_secs_f64();
    assert!((1.99..2.01).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_throttled_replication_slows_both_regions_down() {
    let clock = Still::default();
    let peer = Peer::new([THROTTLE]);
    let access = Access::new(&peer.config()).with_clock(clock.clone()).with_share(1.0);
    let (source, target): (End, End) = ("111122223333/me-central-1".parse().unwrap(), end());
    let delete = |client: aws_sdk_dynamodb::Client| client.delete_table().table_name("config").send();
    let sent = tables(&access).write_across(&source, &target, "kms:ReplicateKey", delete).await;
    assert_eq!(sent.unwrap_err().kind(), ErrorKind::Throttle);
    for (end, action) in [(&source, "kms:ReplicateKey"), (&target, "kms:CreateKey")] {
        access.pace().wait(end, action).await;
        let before = clock.passed();
        access.pace().wait(end, action).await;
        let seconds = (clock.passed() - before).as_secs_f64();
        assert!((0.39..0.41).contains(&seconds), "{action}: {seconds} s apart, where there were 0.2");
    }
}
