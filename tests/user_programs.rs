//! Programs that users want to write: they compile, and do what they show.
// REQ: E-35, E-36, E-39
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests, and programs that print")]

#[path = "../examples/support/config_store.rs"]
#[expect(unreachable_pub, reason = "as in a crate of its own")]
mod config_store;
#[path = "../examples/support/config_table.rs"]
mod config_table;
#[path = "user_programs/p01.rs"]
mod p01;
#[path = "user_programs/p02.rs"]
mod p02;
#[path = "user_programs/p03.rs"]
mod p03;
#[path = "user_programs/p04.rs"]
mod p04;
#[path = "user_programs/p05.rs"]
mod p05;
#[path = "user_programs/p06.rs"]
mod p06;
#[path = "user_programs/p08.rs"]
mod p08;
#[path = "user_programs/p10.rs"]
mod p10;

use regionmig::kms::Kms;
use regionmig::{
    AccountId, ApplyOptions, Caller, CallerError, Clock, End, FileJournal, JournalReader, KeyArn, MemoryJournal,
    Migration, Route,
};
use regionmig_testkit::{Fault, World, reference_account};

fn route() -> Route {
    Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap()).unwrap()
}

fn account() -> World {
    let world = World::new();
    reference_account(&world, &route().source);
    world
}

#[tokio::test]
async fn p01_goes_on_by_itself_when_run_again() -> anyhow::Result<()> {
    let world = World::new();
    world.kms(&route().source).alias("alias/a").make();
    world.kms(&route().source).alias("alias/b").make();
    let access = world.access();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    assert_eq!(p01::main(&access, &path, |_| false).await?, "");
    assert!(!path.exists());
    world.fault(Fault::access_denied("kms:CreateAlias"));
    let first = p01::main(&access, &path, |plan| plan.len() > 2).await?;
    assert!(first.contains("failed: 2") && first.contains("not clean"), "{first}");
    world.clear_faults();
    let second = p01::main(&access, &path, |_| panic!("the plan is there")).await?;
    assert!(second.contains("verified: clean"), "{second}");
    assert_eq!(world.ledger().count("kms:CreateKey"), 2);
    println!("shown: user_programs p01");
    Ok(())
}

#[tokio::test]
async fn p02_tells_new_blockers_from_unanswered_questions() -> anyhow::Result<()> {
    let world = account();
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Kms::new(&access));
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().to_owned();
    assert_eq!(p02::nightly(&migration, &folder).await?, 0, "nothing to compare with");
    assert_eq!(p02::nightly(&migration, &folder).await?, 0, "nothing new");
    world.fault(Fault::access_denied("kms:ListKeys").at(&route().target));
    assert_eq!(p02::nightly(&migration, &folder).await?, 3, "for want of an answer");
    world.clear_faults();
    p02::nightly(&migration, &folder).await?;
    world.kms(&route().source).origin("AWS_CLOUDHSM").custom_key_store("cks-1234567890abcdef0").make();
    assert_eq!(p02::nightly(&migration, &folder).await?, 2, "a key in a store for which none of the target is named");
    println!("shown: user_programs p02");
    Ok(())
}

#[tokio::test]
async fn p03_plans_with_what_is_known_and_says_what_is_not() -> anyhow::Result<()> {
    let world = account();
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Kms::new(&access));
    let last_week = migration.survey().await?.to_bytes();
    world.clock().advance(std::time::Duration::from_secs(7 * 24 * 3600));
    world.fault(Fault::unreachable("kms:ListGrants").at(&route().source));
    let told = p03::half_dead(&migration, &world.clock(), &last_week).await?;
    let count = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    assert!(count("not read: kms, source: kms:ListGrants") > 0, "{told:#?}");
    assert!(count("core.stale") > 0, "{told:#?}");
    println!("shown: user_programs p03: {} unread, {} stale", count("not read"), count("core.stale"));
    Ok(())
}

#[tokio::test]
async fn p04_moves_only_what_was_chosen() -> anyhow::Result<()> {
    let world = World::new();
    let payments = world.kms(&route().source).alias("alias/payments-db").make();
    world.kms(&route().source).alias("alias/other").make();
    let pairs = p04::payments(route(), &world.access()).await?;
    assert_eq!(pairs.iter().map(|(source, _)| source).collect::<Vec<_>>(), [&payments]);
    assert_eq!(world.ledger().count("kms:CreateKey"), 1);
    println!("shown: user_programs p04");
    Ok(())
}

#[tokio::test]
async fn p05_goes_on_after_a_crash_and_has_a_program_told_of_a_task() -> anyhow::Result<()> {
    let world = World::new();
    world.kms(&route().source).imported_material(&[7; 32]).make();
    let access = world.access();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.journal");
    let pager = p05::Pager::default();
    assert!(p05::resume(&access, &path, &pager, None).await.is_err(), "nothing was begun");
    let migration = Migration::new(route(), &access).with(Kms::new(&access));
    let plan = migration.plan(&migration.survey().await?)?;
    drop(FileJournal::create(&path, &plan).await?);
    for runs in 1..=2 {
        assert_eq!(p05::resume(&access, &path, &pager, None).await?, 1);
        assert_eq!(pager.0.lock().unwrap().len(), runs, "in each run");
    }
    let waits = plan.steps().find(|step| step.id.verb() == "import-material").unwrap().id.to_string();
    p05::resume(&access, &path, &pager, Some((&waits, "ticket 4711"))).await?;
    let lines: Vec<String> = JournalReader::open(&path)?.map(|line| line.unwrap().to_string()).collect();
    assert!(lines.iter().any(|line| line.contains("alice says that it is done: ticket 4711")), "{lines:#?}");
    assert!(lines[0].contains("arn:aws:iam::111122223333:user/operator"), "{lines:#?}");
    assert_eq!(world.ledger().count("kms:CreateKey"), 1);
    println!("shown: user_programs p05");
    Ok(())
}

#[tokio::test]
async fn p06_goes_back_from_one_journal() -> anyhow::Result<()> {
    let world = World::new();
    let key = world.kms(&route().source).alias("alias/a").make();
    let access = world.access();
    let folder = tempfile::tempdir()?;
    let (there, back) = (folder.path().join("x.journal"), folder.path().join("x.back.journal"));
    p01::main(&access, &there, |_| true).await?;
    let forward = Migration::new(route(), &access).with(Kms::new(&access));
    let outcome = p06::fail_back(&forward, &there, &back).await?;
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(outcome.ids().pairs::<KeyArn>().map(|(_, original)| original).collect::<Vec<_>>(), [key]);
    assert_eq!(world.ledger().count("kms:CreateKey"), 1, "the original is found, not made again");
    assert!(FileJournal::open(&back).await?.is_some());
    println!("shown: user_programs p06");
    Ok(())
}

#[tokio::test]
async fn p10_matches_on_what_it_is_told() -> anyhow::Result<()> {
    let world = World::new();
    world.kms(&route().source).alias("alias/a").make();
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Kms::new(&access));
    let plan = migration.plan(&migration.survey().await?)?;
    let run = async || {
        let journal = MemoryJournal::default();
        p10::end(migration.apply(&plan, &journal, &ApplyOptions::default()).await)
    };

    world.fault(Fault::access_denied("kms:CreateKey"));
    let (code, told) = run().await;
    assert_eq!(code, 5, "{told:#?}");
    assert!(told.iter().any(|line| line.contains("allow kms:CreateKey, then run this again")), "{told:#?}");
    assert!(
        told[0].contains("kms/create-key/kms.key:arn:") && told[0].contains("111122223333/eu-central-1"),
        "{told:#?}"
    );

    world.clear_faults();
    world.fault(Fault::expired_credentials("kms:CreateKey"));
    let (code, told) = run().await;
    assert_eq!(code, 4, "{told:#?}");

    world.clear_faults();
    let other = Route::new("111122223333/us-west-2".parse()?, "111122223333/eu-central-1".parse()?)?;
    let elsewhere = Migration::new(other, &access).with(Kms::new(&access));
    let refused = elsewhere.apply(&plan, &MemoryJournal::default(), &ApplyOptions::default()).await;
    let (code, told) = p10::end(refused);
    assert_eq!(code, 3);
    assert!(told[0].contains("111122223333/us-west-2 -> 111122223333/eu-central-1"), "both routes: {told:#?}");

    let stranger = Migration::new(route(), &Stranger(world.clone())).with(Kms::new(&access));
    let (code, told) = p10::end(stranger.apply(&plan, &MemoryJournal::default(), &ApplyOptions::default()).await);
    assert_eq!(code, 3);
    assert!(told[0].contains("111122223333") && told[0].contains("444455556666"), "both accounts: {told:#?}");

    assert_eq!(world.ledger().mutations().count(), 0);
    let (code, told) = run().await;
    assert_eq!(code, 0, "{told:#?}");
    println!("shown: user_programs p10");
    Ok(())
}

/// Credentials of another account.
#[derive(Clone, Debug)]
struct Stranger(World);

#[async_trait::async_trait]
impl Caller for Stranger {
    async fn account(&self, _: &End) -> Result<AccountId, CallerError> {
        Ok("444455556666".parse().unwrap())
    }

    fn clock(&self) -> std::sync::Arc<dyn Clock> {
        std::sync::Arc::new(self.0.clock())
    }
}
