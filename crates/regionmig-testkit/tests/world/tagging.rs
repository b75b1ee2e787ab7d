//! The tagging service, which sees the keys.

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::error::ProvideErrorMetadata;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use aws_types::region::Region;
use regionmig_core::KeyArn;
use regionmig_testkit::World;
use serde_json::json;

use crate::{HERE, THERE, end};

fn client(world: &World, region: &'static str) -> Client {
    Client::new(&world.sdk_config().into_builder().region(Region::new(region)).build())
}

fn key(world: &World, tags: &[(&str, &str)]) -> String {
    let key: KeyArn = world.kms_key(&end(HERE));
    let tags: Vec<_> = tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect();
    if !tags.is_empty() {
        world.ask(&end(HERE), "kms:TagResource", json!({ "KeyId": key, "Tags": tags })).unwrap();
    }
    key.to_string()
}

async fn found(client: &Client, filters: &[(&str, &[&str])]) -> Vec<String> {
    let filter = |(key, values): &(&str, &[&str])| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        TagFilter::builder().key(*key).set_values(Some(values)).build()
    };
    let filters = filters.iter().map(filter).collect();
    let page =
        client.get_resources().set_tag_filters(Some(filters)).resource_type_filters("kms:key").send().await.unwrap();
    page.resource_tag_mapping_list().iter().map(|found| found.resource_arn().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn tagged_keys_are_found_by_their_tags_in_their_region() {
    let world = World::new();
    let (a, b) = (key(&world, &[("team", "x"), ("tier", "1")]), key(&world, &[("team", "y")]));
    key(&world, &[]);
    let here = client(&world, HERE);
    let mut both = [a.clone(), b.clone()];
    both.sort();
    assert_eq!(found(&here, &[]).await, both);
    assert_eq!(found(&here, &[("team", &[])]).await, both);
    assert_eq!(found(&here, &[("team", &["y", "z"])]).await, [b]);
    assert_eq!(found(&here, &[("team", &["x", "y"]), ("tier", &["1"])]).await, [a]);
    assert_eq!(found(&here, &[("absent", &[])]).await, [""; 0]);
    assert_eq!(found(&client(&world, THERE), &[]).await, [""; 0]);
    let other = here.get_resources().resource_type_filters("s3").send().await.unwrap();
    assert!(other.resource_tag_mapping_list().is_empty());
}

#[tokio::test]
async fn pages_hold_what_was_asked_for_and_the_last_token_is_empty() {
    let world = World::new();
    for _ in 0..5 {
        key(&world, &[("team", "x")]);
    }
    let client = client(&world, HERE);
    let (mut seen, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = client.get_resources().resources_per_page(2).pagination_token(&token).send().await.unwrap();
        sizes.push(page.resource_tag_mapping_list().len());
        seen.extend(page.resource_tag_mapping_list.into_iter().flatten().filter_map(|found| found.resource_arn));
        token = page.pagination_token.unwrap();
        if token.is_empty() {
            break;
        }
    }
    seen.dedup();
    assert_eq!((sizes, seen.len()), (vec![2, 2, 1], 5));
    let wrong = client.get_resources().pagination_token("?").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("InvalidParameterException"));
}
