//! Listings that go wrong.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use regionmig_testkit::{Fault, World};

use crate::{HERE, client, end, put, world};

/// Reads up to ten pages: the token and the number of items of each.
async fn pages(fault: Fault) -> Vec<(Option<String>, usize)> {
    let (world, _) = world();
    let client = client(&world, HERE);
    put(&client, "a").await.unwrap();
    put(&client, "b").await.unwrap();
    world.fault(fault);
    let (mut pages, mut start) = (Vec::new(), None);
    for _ in 0..10 {
        let page = client.scan().table_name("t").set_exclusive_start_key(start).send().await.unwrap();
        pages.push((page.last_evaluated_key().map(token), page.items().len()));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    pages
}

fn token(key: &HashMap<String, AttributeValue>) -> String {
    key.values().next().unwrap().as_s().unwrap().clone()
}

fn distinct(pages: &[(Option<String>, usize)]) -> usize {
    pages.iter().map(|page| &page.0).collect::<HashSet<_>>().len()
}

#[tokio::test]
async fn a_listing_repeats_its_token_or_goes_round_or_never_ends() {
    for (fault, tokens) in [
        (Fault::repeats_page_token("dynamodb:Scan"), 1),
        (Fault::cycles_page_tokens("dynamodb:Scan", 3), 3),
        (Fault::endless_pages("dynamodb:Scan"), 10),
    ] {
        let pages = pages(fault).await;
        assert_eq!((pages.len(), distinct(&pages)), (10, tokens));
        assert!(pages.iter().all(|page| page.0.is_some() && page.1 == 2));
    }
}

#[tokio::test]
async fn an_empty_page_with_a_token_comes_before_the_items() {
    let pages = pages(Fault::empty_first_page("dynamodb:Scan")).await;
    let sizes: Vec<_> = pages.iter().map(|page| (page.0.is_some(), page.1)).collect();
    assert_eq!(sizes, [(true, 0), (false, 2)]);
}

#[tokio::test]
async fn a_listing_of_kms_repeats_its_marker_and_says_that_there_is_more() {
    let world = World::new();
    let key = world.kms_key(&end("us-east-1"));
    world.fault(Fault::repeats_page_token("kms:ListKeys"));
    let (kms, mut marker) = (aws_sdk_kms::Client::new(&world.sdk_config()), None);
    for _ in 0..3 {
        let page = kms.list_keys().set_marker(marker.clone()).send().await.unwrap();
        assert!(page.truncated() && page.next_marker().is_some());
        assert!(marker.is_none() || marker == page.next_marker);
        assert_eq!(page.keys().iter().filter_map(|key| key.key_arn()).collect::<Vec<_>>(), [key.to_string()]);
        marker = page.next_marker;
    }
}
