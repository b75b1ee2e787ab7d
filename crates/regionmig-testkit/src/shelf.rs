//! An ordered map whose clone costs next to nothing, because clones share their leaves.
//!
//! The world keeps older states for stale reads, so it clones its state at every mutation: with a plain map, ten
//! thousand keys made one by one would copy the map ten thousand times.

use std::sync::Arc;

/// How many entries a leaf holds before it is split in two.
const LEAF: usize = 64;

type Leaf<V> = Arc<Vec<(Arc<str>, Arc<V>)>>;

/// An ordered map from text.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<V>(Vec<Leaf<V>>);

impl<V> Default for Shelf<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Clone> Shelf<V> {
    /// Puts `value` under `key`, in place of what was there.
    pub(crate) fn insert(&mut self, key: &str, value: V) {
        let value = Arc::new(value);
        let Some(at) = self.leaf(key) else {
            self.0.push(Arc::new(vec![(key.into(), value)]));
            return;
        };
        let leaf = Arc::make_mut(&mut self.0[at]);
        match leaf.binary_search_by(|(held, _)| (**held).cmp(key)) {
            Ok(found) => leaf[found].1 = value,
            Err(place) => leaf.insert(place, (key.into(), value)),
        }
        if leaf.len() > LEAF {
            let upper = leaf.split_off(LEAF / 2);
            self.0.insert(at + 1, Arc::new(upper));
        }
    }

    /// Takes away what is under `key`.
    pub(crate) fn remove(&mut self, key: &str) {
        let Some((at, place)) = self.find(key) else { return };
        let leaf = Arc::make_mut(&mut self.0[at]);
        leaf.remove(place);
        if leaf.is_empty() {
            self.0.remove(at);
        }
    }

    /// Returns what is under `key`, to change it; clones that share it do not see the change.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let (at, place) = self.find(key)?;
        Some(Arc::make_mut(&mut Arc::make_mut(&mut self.0[at])[place].1))
    }
}

impl<V> Shelf<V> {
    /// Returns what is under `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        let (at, place) = self.find(key)?;
        Some(&self.0[at][place].1)
    }

    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|leaf| leaf.len()).sum()
    }

    /// Returns all entries in the order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().flat_map(|leaf| leaf.iter()).map(|(key, value)| (&**key, &**value))
    }

    /// Returns the entries after `key`, which need not be there itself.
    pub(crate) fn after(&self, key: &str) -> impl Iterator<Item = (&str, &V)> {
        let first = self.leaf(key).unwrap_or(0);
        let entries = self.0[first..].iter().flat_map(|leaf| leaf.iter());
        let key = key.to_owned();
        entries.map(|(held, value)| (&**held, &**value)).skip_while(move |(held, _)| *held <= key.as_str())
    }

    /// Returns the leaf that holds `key`, or that it would be put into; `None` if there is no leaf at all.
    fn leaf(&self, key: &str) -> Option<usize> {
        let later = self.0.partition_point(|leaf| leaf.first().is_none_or(|(first, _)| **first <= *key));
        (!self.0.is_empty()).then(|| later.saturating_sub(1))
    }

    fn find(&self, key: &str) -> Option<(usize, usize)> {
        let at = self.leaf(key)?;
        let place = self.0[at].binary_search_by(|(held, _)| (**held).cmp(key)).ok()?;
        Some((at, place))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A sequence that visits 0..1000 out of order.
    fn shuffled() -> impl Iterator<Item = usize> {
        (0..1000).map(|n| n * 617 % 1000)
    }

    #[test]
    fn it_does_what_a_plain_map_does() {
        let (mut shelf, mut map) = (Shelf::default(), BTreeMap::new());
        for n in shuffled() {
            shelf.insert(&n.to_string(), n);
            map.insert(n.to_string(), n);
        }
        for n in shuffled().filter(|n| n % 3 == 0) {
            shelf.remove(&n.to_string());
            map.remove(&n.to_string());
        }
        for n in shuffled().filter(|n| n % 5 == 0) {
            shelf.get_mut(&n.to_string()).into_iter().for_each(|value| *value += 1);
            map.entry(n.to_string()).and_modify(|value| *value += 1);
        }
        shelf.remove("not there");
        assert!(shelf.iter().eq(map.iter().map(|(key, value)| (key.as_str(), value))));
        assert_eq!(shelf.len(), map.len());
        for n in 0..1000 {
            assert_eq!(shelf.get(&n.to_string()), map.get(&n.to_string()));
            let beyond = map.range(n.to_string()..).filter(|(key, _)| **key != n.to_string());
            assert!(shelf.after(&n.to_string()).eq(beyond.map(|(key, value)| (key.as_str(), value))), "{n}");
        }
        assert!(shelf.after("").eq(shelf.iter()));
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut shelf = Shelf::default();
        shuffled().for_each(|n| shelf.insert(&n.to_string(), n));
        let earlier = shelf.clone();
        for n in 0..1000 {
            shelf.get_mut(&n.to_string()).into_iter().for_each(|value| *value = 0);
        }
        (0..500).for_each(|n| shelf.remove(&n.to_string()));
        assert_eq!(earlier.len(), 1000);
        assert!(earlier.iter().all(|(key, value)| *key == value.to_string()));
    }

    #[test]
    fn an_empty_one_holds_nothing() {
        let shelf = Shelf::<u8>::default();
        assert_eq!((shelf.len(), shelf.get("a"), shelf.after("a").count()), (0, None, 0));
    }
}
