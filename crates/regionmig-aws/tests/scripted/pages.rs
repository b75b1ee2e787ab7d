use std::sync::atomic::{AtomicUsize, Ordering};

use regionmig_aws::{Access, Error, pages};
use regionmig_core::{ErrorKind, Listing, Lookup};

use crate::peer::Peer;

/// Pages that are numbers, each with the token of the next.
async fn list(next: impl Fn(usize) -> Option<&'static str> + Send + Sync) -> (Listing<usize, ()>, usize) {
    let sent = AtomicUsize::new(0);
    let send = |_token: Option<String>| {
        let page = sent.fetch_add(1, Ordering::Relaxed);
        async move { if page == 77 { Err(Error::new(ErrorKind::Unavailable, "gone")) } else { Ok(page) } }
    };
    let read = |page, listing: &mut Listing<usize, ()>| {
        listing.insert(page, Ok(()));
        Ok(())
    };
    let listing = pages("kms:ListKeys", send, |page| next(*page).map(str::to_owned)).list(read).await;
    (listing, sent.into_inner())
}

fn check(listing: &Listing<usize, ()>, known: usize, rest: Option<&str>) {
    assert_eq!(listing.known().count(), known);
    let said = listing.rest().map(ToString::to_string);
    assert_eq!(rest.is_some(), said.is_some(), "{said:?}");
    if let (Some(part), Some(said)) = (rest, said) {
        assert!(said.contains(part) && said.starts_with("kms:ListKeys: "), "{said}");
    }
}

#[tokio::test]
async fn pages_end_without_a_token_or_with_an_empty_one() {
    let (listing, sent) = list(|page| ["a", "b"].get(page).copied()).await;
    check(&listing, 3, None);
    assert_eq!(sent, 3);
    let (listing, sent) = list(|page| ["a", ""].get(page).copied()).await;
    check(&listing, 2, None);
    assert_eq!(sent, 2);
    assert!(matches!(listing.lookup(&9), Lookup::Absent));
}

#[tokio::test]
async fn a_token_that_comes_again_is_a_gap_and_never_an_end() {
    let (listing, sent) = list(|_| Some("a")).await;
    check(&listing, 2, Some("a second time"));
    assert_eq!(sent, 2);
    let (listing, _) = list(|page| ["a", "b", "c", "b"].get(page).copied()).await;
    check(&listing, 4, Some("a second time"));
    assert!(matches!(listing.lookup(&9), Lookup::Unknown(_)));
}

#[tokio::test]
async fn a_page_that_fails_leaves_what_was_read() {
    let tokens: Vec<&'static str> = (0..100).map(|page| &*page.to_string().leak()).collect();
    let (listing, _) = list(|page| tokens.get(page).copied()).await;
    check(&listing, 77, Some("gone"));
}

#[tokio::test]
async fn there_is_an_end_to_endless_pages() {
    let sent = AtomicUsize::new(0);
    let send = |page: Option<u64>| {
        sent.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Error>(page.unwrap_or_default()) }
    };
    let gap = pages("kms:ListKeys", send, |page| Some(page + 1)).each(|_| Ok(())).await.unwrap_err();
    assert_eq!(gap.to_string(), "kms:ListKeys: there is no end after 10000 pages");
    assert_eq!(sent.into_inner(), 10_000);
}

#[tokio::test]
async fn what_cannot_be_taken_from_a_page_breaks_the_listing_off() {
    let send = |_: Option<String>| async { Ok::<_, Error>(()) };
    let listing: Listing<u8, ()> =
        pages("kms:ListKeys", send, |()| None).list(|(), _| Err(Error::malformed("kms:ListKeys", "KeyArn"))).await;
    assert_eq!(listing.rest().unwrap().to_string(), "kms:ListKeys: the answer has no readable `KeyArn`");
}

#[tokio::test]
async fn pages_can_be_read_at_a_pace() {
    let peer =
        Peer::new([(200, r#"{"TableNames":["a"],"LastEvaluatedTableName":"a"}"#), (200, r#"{"TableNames":["b"]}"#)]);
    let tables = Access::new(&peer.config()).clients(aws_sdk_dynamodb::Client::new);
    let end = "111122223333/eu-central-1".parse().unwrap();
    let action = "dynamodb:ListTables";
    let send = |start: Option<String>| {
        tables.read(&end, action, |client| client.list_tables().set_exclusive_start_table_name(start).send())
    };
    let listing: Listing<String, ()> = pages(action, send, |page| page.last_evaluated_table_name.clone())
        .list(|page, tables| {
            page.table_names.unwrap_or_default().into_iter().for_each(|name| tables.insert(name, Ok(())));
            Ok(())
        })
        .await;
    assert_eq!(listing.known().map(|(name, ())| name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(peer.requests()[1].1.contains(r#""ExclusiveStartTableName":"a""#));
}
