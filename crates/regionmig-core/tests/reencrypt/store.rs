//! A store with conditional writes that knows how often each of its items was replaced.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::{Stream, stream};
use regionmig_core::ErrorKind;
use regionmig_core::reencrypt::{
    Batch, Ciphertext, Partition, Position, Put, ReencryptError, Reencrypted, Sink, Sourced,
};

use crate::lab::{Told, foreign, id_of, old, pass};

/// A row: what is there, and how often it was replaced.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) ciphertext: Ciphertext,
    pub(crate) replaced: u32,
}

type Script = dyn Fn(u64) -> Option<ErrorKind> + Send + Sync;

/// Rows by id, and those set aside, with how often.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) rows: Arc<Mutex<BTreeMap<u64, Row>>>,
    pub(crate) aside: Arc<Mutex<BTreeMap<u64, u32>>>,
    puts: Arc<Mutex<u64>>,
    fails: Option<Arc<Script>>,
}

impl Store {
    /// Holds so many items under the old key, of which every seventh is under none that anybody has.
    pub(crate) fn new(count: u64) -> Self {
        let item = |id| if id % 7 == 3 { foreign(id) } else { old(id, 0) };
        let rows = (0..count).map(|id| (id, Row { ciphertext: item(id), replaced: 0 }));
        Self { rows: Arc::new(Mutex::new(rows.collect())), ..Self::default() }
    }

    /// Has the `n`-th put, counted from nought, be executed and fail.
    pub(crate) fn failing(mut self, fails: impl Fn(u64) -> Option<ErrorKind> + Send + Sync + 'static) -> Self {
        self.fails = Some(Arc::new(fails));
        self
    }

    /// Returns the items as they are by now, handed over whole.
    pub(crate) fn batch(&self) -> Batch<u64> {
        let rows = self.rows.lock().unwrap();
        Batch::new("batch", rows.iter().map(|(id, row)| (*id, row.ciphertext.clone())))
    }

    /// Returns how many rows were replaced more than once, and how many not at all that could have been; or are not there where they
    /// belong.
    pub(crate) fn wrong(&self) -> (usize, usize) {
        let (rows, aside) = (self.rows.lock().unwrap(), self.aside.lock().unwrap());
        let doubled = rows.values().filter(|row| row.replaced > 1).count();
        let is_lost = |(id, row): (&u64, &Row)| match row.ciphertext.bytes[0] {
            b'n' => row.replaced == 0 || id_of(&row.ciphertext.bytes) != *id || aside.contains_key(id),
            b'x' => !aside.contains_key(id),
            _ => true,
        };
        (doubled, rows.iter().filter(|row| is_lost(*row)).count())
    }
}

impl Sink<u64> for Store {
    type Error = Told;

    async fn put(&self, key: &u64, former: &Ciphertext, new: &Reencrypted) -> Result<Put, Told> {
        pass().await;
        let put = {
            let mut rows = self.rows.lock().unwrap();
            let row = rows.get_mut(key).unwrap();
            let is_former = row.ciphertext == *former;
            if is_former {
                row.ciphertext = Ciphertext::new(new.bytes.clone(), new.context.clone());
                row.replaced += 1;
            }
            if is_former { Put::Written } else { Put::Superseded }
        };
        pass().await;
        let number = {
            let mut puts = self.puts.lock().unwrap();
            *puts += 1;
            *puts - 1
        };
        match self.fails.as_ref().and_then(|fails| fails(number)) {
            Some(kind) => Err(Told(kind)),
            None => Ok(put),
        }
    }

    async fn set_aside(&self, key: &u64, _: &Ciphertext, _: &ReencryptError) -> Result<(), Told> {
        pass().await;
        *self.aside.lock().unwrap().entry(*key).or_default() += 1;
        pass().await;
        Ok(())
    }

    async fn has_put(&self, key: &u64, ciphertext: &Ciphertext) -> Result<bool, Told> {
        let rows = self.rows.lock().unwrap();
        Ok(rows[key].ciphertext == *ciphertext && rows[key].replaced > 0)
    }
}

/// The store itself as the source, read in pages of five: reading goes on at a page only.
pub(crate) struct Pages(pub(crate) Store);

impl Partition for Pages {
    type Key = u64;
    type Error = Told;

    fn name(&self) -> &str {
        "rows/0-of-1"
    }

    fn items(&self, from: Option<&Position>) -> impl Stream<Item = Result<Sourced<u64>, Told>> + Send {
        let from: u64 = from.map_or(0, |position| position.as_str().parse().unwrap());
        stream::unfold(from, async |id| {
            let ciphertext = self.0.rows.lock().unwrap().get(&id)?.ciphertext.clone();
            let sourced = Sourced::new(id, ciphertext);
            Some((Ok(if id % 5 == 4 { sourced.at(id + 1) } else { sourced }), id + 1))
        })
    }
}
