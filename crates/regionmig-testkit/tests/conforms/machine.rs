//! Engine and journal, held step for step to a model of a page.
// REQ: E-14, E-15

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::future::poll_fn;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use regionmig_core::{ApplyOptions, End, MemoryJournal, Migration, MigrationPlan, Route, Standings, Status};
use regionmig_testkit::{CrashingJournal, Fault, World};
use tokio::runtime::Runtime;

use crate::toy::{Care, Toy, world};

/// What happens to a migration of two entries, one after the other.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A run whose journal takes so many records more, and then fails.
    Crashes(usize),
    /// A run that is dropped after so many polls.
    Dropped(usize),
    /// A run to the end.
    Ends,
    /// The journal is lost.
    Lost,
    /// What was made is taken back.
    Reverts,
    /// The next request that makes something goes wrong so.
    Befalls(Trouble),
    /// What would go wrong does not.
    Clears,
}

#[derive(Clone, Copy, Debug)]
enum Trouble {
    AnswerLost,
    Late(u64),
    RequestLost,
}

/// What is known of one step and of its thing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stand {
    /// Nothing was begun, and nothing is there.
    Pending,
    /// Begun and made, and the journal does not say how that ended.
    Made,
    /// There, and the journal does not say so.
    There,
    /// One of these: it was under way when its run was dropped, or when something went wrong.
    Open,
    /// Done: by this journal's runs, or found.
    Done { made: bool },
    /// Done, by whom is not known.
    DoneByAny,
    /// Taken back.
    Reverted,
}

impl Stand {
    fn is_done(self) -> bool {
        matches!(self, Self::Done { .. } | Self::DoneByAny)
    }

    /// How many of its thing there are, if that is known.
    fn count(self) -> Option<usize> {
        match self {
            Self::Pending | Self::Reverted => Some(0),
            Self::Made | Self::There | Self::Done { .. } | Self::DoneByAny => Some(1),
            Self::Open => None,
        }
    }

    fn agrees(self, status: &Status) -> bool {
        match self {
            Self::Pending | Self::There => *status == Status::Pending,
            Self::Made => matches!(status, Status::InDoubt(_)),
            Self::Done { .. } | Self::DoneByAny => matches!(status, Status::Done(_)),
            Self::Reverted => *status == Status::Reverted,
            Self::Open => !matches!(status, Status::Reverted | Status::Reverting(_)),
        }
    }
}

#[derive(Clone, Debug)]
struct Model {
    stands: [Stand; 2],
    /// Whether something may go wrong with a request.
    troubled: bool,
}

impl Model {
    fn ends(&mut self) {
        self.stands = self.stands.map(|stand| match stand {
            Stand::Pending | Stand::Made => Stand::Done { made: true },
            Stand::There => Stand::Done { made: false },
            Stand::Open => Stand::DoneByAny,
            other => other,
        });
    }

    /// Takes a run whose journal takes so many records more: one says that a step is done, and for what is not there, one
    /// before that it is begun.
    fn crashes(&mut self, mut records: usize) {
        if self.troubled || self.stands.contains(&Stand::Open) {
            return self.is_open();
        }
        // What is there is seen at the first look; before something is made, it is looked for a while.
        for stand in self.stands.iter_mut().filter(|stand| matches!(stand, Stand::Made | Stand::There)) {
            let Some(left) = records.checked_sub(1) else { return };
            (records, *stand) = (left, Stand::Done { made: *stand == Stand::Made });
        }
        for stand in self.stands.iter_mut().filter(|stand| **stand == Stand::Pending) {
            match records {
                0 => return,
                1 => return *stand = Stand::Made,
                _ => (records, *stand) = (records - 2, Stand::Done { made: true }),
            }
        }
    }

    /// How far a run has got is not known.
    fn is_open(&mut self) {
        let stands = self.stands.iter_mut();
        stands.filter(|stand| !stand.is_done() && **stand != Stand::Reverted).for_each(|stand| *stand = Stand::Open);
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Happening;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { stands: [Stand::Pending; 2], troubled: false }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Happening> {
        let trouble =
            prop_oneof![Just(Trouble::AnswerLost), Just(Trouble::RequestLost), (1..290_u64).prop_map(Trouble::Late),];
        prop_oneof![
            4 => (0..6_usize).prop_map(Happening::Crashes),
            4 => (1..150_usize).prop_map(Happening::Dropped),
            2 => Just(Happening::Ends),
            2 => Just(Happening::Lost),
            2 => Just(Happening::Reverts),
            3 => trouble.prop_map(Happening::Befalls),
            1 => Just(Happening::Clears),
        ]
        .boxed()
    }

    /// What was taken back is not made again with the same journal.
    fn preconditions(state: &Self, transition: &Happening) -> bool {
        match transition {
            Happening::Reverts => {
                state.stands.iter().all(|stand| matches!(stand, Stand::Done { .. } | Stand::Reverted))
            }
            _ => true,
        }
    }

    fn apply(mut state: Self, transition: &Happening) -> Self {
        match *transition {
            Happening::Crashes(records) => state.crashes(records),
            Happening::Dropped(_) => state.is_open(),
            Happening::Ends => {
                state.ends();
                state.troubled = false;
            }
            Happening::Lost => {
                for stand in &mut state.stands {
                    *stand = match stand {
                        Stand::Done { .. } | Stand::DoneByAny | Stand::Made | Stand::There => Stand::There,
                        Stand::Pending | Stand::Reverted => Stand::Pending,
                        Stand::Open => Stand::Open,
                    };
                }
            }
            Happening::Reverts => {
                for stand in state.stands.iter_mut().filter(|stand| **stand == (Stand::Done { made: true })) {
                    *stand = Stand::Reverted;
                }
            }
            Happening::Befalls(_) => state.troubled = true,
            Happening::Clears => state.troubled = false,
        }
        state
    }
}

/// The engine, with all that is real.
struct Real {
    runtime: Runtime,
    world: World,
    migration: Migration,
    plan: MigrationPlan,
    journal: MemoryJournal,
}

fn target() -> End {
    "111122223333/eu-central-1".parse().unwrap()
}

impl Real {
    /// One step after the other, and looking as long as one must who may have lost a journal.
    fn options() -> ApplyOptions {
        ApplyOptions::default().concurrency(1).cautious().patience(Duration::from_secs(3 * 3600))
    }

    fn crash(&self, records: usize) {
        let limit = self.journal.records().len() + records;
        let journal = CrashingJournal::new(&self.journal, limit);
        let _outcome = self.runtime.block_on(self.migration.apply(&self.plan, &journal, &Self::options()));
    }

    fn drop_after(&self, polls: usize) {
        let options = Self::options();
        self.runtime.block_on(async {
            let mut run = pin!(self.migration.apply(&self.plan, &self.journal, &options));
            let mut left = polls;
            poll_fn(|cx| {
                left -= 1;
                if run.as_mut().poll(cx).is_ready() || left == 0 {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        });
    }

    fn befall(&self, trouble: Trouble) {
        let put = "dynamodb:PutItem";
        self.world.fault(match trouble {
            Trouble::AnswerLost => Fault::lost_answer(put).once(),
            Trouble::Late(seconds) => Fault::late_execution(put, Duration::from_secs(seconds)).once(),
            Trouble::RequestLost => Fault::lost_request(put).once(),
        });
    }

    fn things(&self, name: &str) -> usize {
        let items = self.world.plugged::<Vec<serde_json::Value>>("dynamodb").get(&target());
        items.iter().filter(|item| item["name"]["S"] == name).count()
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(_: &Model) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (world, source) = (world(), "111122223333/me-central-1".parse().unwrap());
        let access = world.access();
        let migration =
            Migration::new(Route::new(source, target()).unwrap(), &access).with(Toy::new(&access, Care::SAFE));
        let plan = runtime.block_on(async { migration.plan(&migration.survey().await.unwrap()).unwrap() });
        Self { runtime, world, migration, plan, journal: MemoryJournal::default() }
    }

    fn apply(mut real: Self, model: &Model, happening: Happening) -> Self {
        let options = Self::options();
        match happening {
            Happening::Crashes(records) => real.crash(records),
            Happening::Dropped(polls) => real.drop_after(polls),
            Happening::Ends => {
                let run = real.migration.apply(&real.plan, &real.journal, &options);
                let outcome = real.runtime.block_on(run).unwrap();
                let all = model.stands.iter().all(|stand| stand.is_done());
                assert_eq!(outcome.is_complete(), all, "{outcome}");
                real.world.clear_faults();
            }
            Happening::Lost => real.journal = MemoryJournal::default(),
            Happening::Reverts => {
                let run = real.migration.revert(&real.plan, &real.journal, &options);
                assert!(real.runtime.block_on(run).unwrap().is_complete());
            }
            Happening::Befalls(trouble) => real.befall(trouble),
            Happening::Clears => real.world.clear_faults(),
        }
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        let standings = real.runtime.block_on(Standings::read(&real.plan, &real.journal)).unwrap();
        for ((step, standing), stand) in standings.iter().zip(model.stands) {
            assert!(stand.agrees(&standing.status), "{step}: {:?}, and the model says {stand:?}", standing.status);
            if let Stand::Done { made } = stand {
                assert_eq!(standing.is_made(), made, "{step}");
            }
            let count = real.things(step.subject().rsplit(':').next().unwrap_or_default());
            assert!(count <= 1 && stand.count().is_none_or(|expected| expected == count), "{step}: {count}, {stand:?}");
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn engine_and_journal_do_what_the_model_says(sequential 1..24 => Real);
}
