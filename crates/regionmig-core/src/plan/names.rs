//! Names put in order, where very many begin alike.

/// So many bytes of a name lie beside its number.
const BESIDE: usize = size_of::<u64>();

/// Returns the numbers below `count`, ordered by the `name` that each has.
///
/// To look at a name costs more than anything else here, since each lies somewhere else. So each is looked at for the bytes after
/// those that all begin with, which are then compared where they lie beside each other; and again only where these are alike.
///
/// # Errors
///
/// Returns a number that has the same name as another: the first by name.
pub(super) fn in_order<'a>(count: u32, name: impl Fn(u32) -> &'a str) -> Result<Vec<u32>, u32> {
    let mut named: Vec<(u64, u32)> = (0..count).map(|number| (0, number)).collect();
    sort(&mut named, 0, &|number| name(number).as_bytes())?;
    Ok(named.into_iter().map(|(_, number)| number).collect())
}

/// Sorts by names that are alike up to `from`.
fn sort<'a>(named: &mut [(u64, u32)], from: usize, name: &impl Fn(u32) -> &'a [u8]) -> Result<(), u32> {
    let from = from + alike(named.iter().map(|&(_, number)| name(number).get(from..).unwrap_or_default()));
    named.iter_mut().for_each(|(beside, number)| *beside = first_bytes(name(*number).get(from..).unwrap_or_default()));
    named.sort_unstable();
    let all = named.len();
    named.chunk_by_mut(|(a, _), (b, _)| a == b).try_for_each(|same| match same.len() {
        1 => Ok(()),
        // Then names end here.
        len if len == all => sort_whole(same, name),
        _ => sort(same, from + BESIDE, name),
    })
}

fn sort_whole<'a>(named: &mut [(u64, u32)], name: &impl Fn(u32) -> &'a [u8]) -> Result<(), u32> {
    named.sort_unstable_by_key(|&(_, number)| (name(number), number));
    match named.windows(2).find(|pair| name(pair[0].1) == name(pair[1].1)) {
        Some(pair) => Err(pair[0].1),
        None => Ok(()),
    }
}

/// Returns with how many bytes all begin.
fn alike<'a>(mut texts: impl Iterator<Item = &'a [u8]>) -> usize {
    let first = texts.next().unwrap_or_default();
    let common = texts.fold(first, |common, text| match text.starts_with(common) {
        true => common,
        false => &common[..common.iter().zip(text).take_while(|(a, b)| a == b).count()],
    });
    common.len()
}

/// Returns the first bytes so that they compare as the text does, but for bytes of zero at its end.
fn first_bytes(text: &[u8]) -> u64 {
    let mut bytes = [0; BESIDE];
    let len = text.len().min(BESIDE);
    bytes[..len].copy_from_slice(&text[..len]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop_assert_eq, proptest};

    use super::*;

    fn ordered(names: &[&str]) -> Result<Vec<u32>, u32> {
        in_order(u32::try_from(names.len()).unwrap(), |number| names[number as usize])
    }

    #[test]
    fn names_are_ordered_as_texts_are() {
        assert_eq!(ordered(&[]), Ok(vec![]));
        assert_eq!(ordered(&["b"]), Ok(vec![0]));
        assert_eq!(ordered(&["b", "", "ba", "a"]), Ok(vec![1, 3, 0, 2]));
        // The bytes beside the numbers are the same.
        assert_eq!(ordered(&["a\0\0", "a", "a\0"]), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn the_first_name_that_comes_twice_is_told() {
        assert_eq!(ordered(&["c", "b", "c", "a", "b"]), Err(1));
        assert_eq!(ordered(&["", ""]), Err(0));
    }

    proptest! {
        #[test]
        fn names_that_begin_alike_are_ordered_as_texts_are(
            names in proptest::collection::btree_set("(kms/|a{0,20})[ab\0]{0,20}", 0..200).prop_map(Vec::from_iter).prop_shuffle()
        ) {
            let mut expected: Vec<u32> = (0..).take(names.len()).collect();
            expected.sort_by_key(|&number| &names[number as usize]);
            prop_assert_eq!(ordered(&names.iter().map(String::as_str).collect::<Vec<_>>()), Ok(expected));
        }
    }
}
