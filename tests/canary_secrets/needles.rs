//! Canaries: values that are nowhere else, each in all the forms in which it might be written.
//!
//! The forms are made by hand: no dependency of this package makes them, and none is brought in for a test.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use regionmig::Digest;

/// So many bytes of each form are looked up first. Of a form that is longer, the whole is compared then.
const KEY: usize = 8;

/// So many bytes of a value count where only its beginning or its end is told.
const PART: usize = 12;

/// All values that are known of, by what they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canaries(Arc<Mutex<BTreeMap<Vec<u8>, &'static str>>>);

impl Canaries {
    /// Makes a text that is nowhere else, and plants it.
    pub(crate) fn text(&self, kind: &'static str, number: usize) -> String {
        let text = hex(&sha256(format!("{kind} {number}").as_bytes()))[..40].to_owned();
        self.plant(kind, text.as_bytes());
        text
    }

    /// The same of bytes that are no text.
    pub(crate) fn bytes(&self, kind: &'static str, number: usize) -> Vec<u8> {
        let bytes = [vec![0xff, 0x00], sha256(format!("{kind} {number}").as_bytes())].concat();
        self.plant(kind, &bytes);
        bytes
    }

    pub(crate) fn plant(&self, kind: &'static str, value: &[u8]) {
        self.0.lock().unwrap().insert(value.to_vec(), kind);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn kinds(&self) -> BTreeSet<&'static str> {
        self.0.lock().unwrap().values().copied().collect()
    }

    pub(crate) fn needles(&self) -> Needles {
        let canaries = self.0.lock().unwrap();
        let all = canaries.iter().flat_map(|(value, kind)| forms(value).into_iter().map(move |form| (form, *kind)));
        Needles::new(all.collect())
    }
}

/// Every form in which a value might be written: itself, its digests and its ends, each plain, backwards and encoded.
pub(crate) fn forms(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let backwards = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    let ends = [&value[..PART.min(value.len())], &value[value.len().saturating_sub(PART)..]].map(<[u8]>::to_vec);
    let mut forms = BTreeSet::from(ends);
    for bytes in [value.to_vec(), backwards(value), sha256(value), md5(value).to_vec()] {
        let (hex, base64) = (hex(&bytes), base64(&bytes));
        let numbers: Vec<String> = bytes.iter().take(16).map(u8::to_string).collect();
        let texts = [
            hex.to_uppercase(),
            base64.replace('+', "-").replace('/', "_"),
            encoded(&bytes),
            encoded(base64.as_bytes()),
            numbers.join(", "),
            numbers.join(","),
            bytes.escape_ascii().to_string(),
            String::from_utf8(backwards(hex.as_bytes())).unwrap(),
            String::from_utf8(backwards(base64.as_bytes())).unwrap(),
            hex,
            base64,
        ];
        forms.extend(texts.map(String::into_bytes));
        forms.insert(bytes);
    }
    forms
}

/// What is looked for, by its beginning.
#[derive(Debug)]
pub(crate) struct Needles {
    all: BTreeMap<Vec<u8>, &'static str>,
    beginnings: HashMap<[u8; KEY], Vec<Vec<u8>>>,
    /// Which two bytes any of them begins with: all that most of a text is asked.
    pairs: Vec<bool>,
}

impl Needles {
    fn new(all: BTreeMap<Vec<u8>, &'static str>) -> Self {
        let (mut beginnings, mut pairs) = (HashMap::<_, Vec<_>>::new(), vec![false; 1 << 16]);
        for form in all.keys() {
            let key: [u8; KEY] = form[..KEY].try_into().unwrap();
            pairs[usize::from(u16::from_be_bytes([key[0], key[1]]))] = true;
            beginnings.entry(key).or_default().push(form.clone());
        }
        Self { all, beginnings, pairs }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns what of all that a text shows, and a little of what stands before it.
    pub(crate) fn in_text(&self, text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (at, bytes) in text.windows(KEY).enumerate() {
            if !self.pairs[usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))] {
                continue;
            }
            let forms = self.beginnings.get(bytes).into_iter().flatten();
            for form in forms.filter(|form| text[at..].starts_with(form)) {
                let around = &text[at.saturating_sub(80)..(at + 60).min(text.len())];
                found.push(format!("{}: ..{}..", self.all[form], String::from_utf8_lossy(around)));
            }
        }
        found
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Without padding: with it, the same text stands at the beginning.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, n| bits << 8 | usize::from(chunk.get(n).copied().unwrap_or_default()));
        let digits = (0..=chunk.len()).map(|n| char::from(DIGITS[bits >> (18 - 6 * n) & 63]));
        text.extend(digits);
    }
    text
}

/// As a part of a URL.
fn encoded(bytes: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(one).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    let digest = Digest::of(bytes);
    let hex = &digest.as_str()[digest.as_str().len() - 64..];
    (0..32).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// RFC 1321.
pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the RFC's table: less than 2^32")]
    let constant = |n: u32| (f64::from(n + 1).sin().abs() * 4_294_967_296.0) as u32;
    let mut message = bytes.to_vec();
    message.push(0x80);
    message.resize(message.len().next_multiple_of(64), 0);
    if bytes.len() % 64 >= 56 {
        message.resize(message.len() + 64, 0);
    }
    let end = message.len();
    message[end - 8..].copy_from_slice(&(bytes.len() as u64 * 8).to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in message.chunks(64) {
        let word = |n: u32| u32::from_le_bytes(block[n as usize * 4..n as usize * 4 + 4].try_into().unwrap());
        let [mut a, mut b, mut c, mut d] = state;
        for n in 0..64_u32 {
            let (mixed, index) = match n / 16 {
                0 => (b & c | !b & d, n),
                1 => (d & b | !d & c, (5 * n + 1) % 16),
                2 => (b ^ c ^ d, (3 * n + 5) % 16),
                _ => (c ^ (b | !d), 7 * n % 16),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(constant(n)).wrapping_add(word(index));
            let turned = sum.rotate_left(SHIFTS[n as usize / 16][n as usize % 4]);
            (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
        }
        state = [a, b, c, d]
            .into_iter()
            .zip(state)
            .map(|(one, other)| one.wrapping_add(other))
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
    }
    state.map(u32::to_le_bytes).concat().try_into().unwrap()
}
