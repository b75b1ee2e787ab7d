//! Messages that want to do harm, each with what it is refused for.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::reencrypt::message::Suite;

use super::craft::{Craft, Fields, put};

/// A message that must be refused.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// What comes after it without end.
    pub(crate) endless: Option<u8>,
    pub(crate) data_key: Vec<u8>,
    /// What the refusal says.
    pub(crate) says: &'static str,
}

/// One frame's text, and half of one.
pub(crate) const TEXT: [u8; 48] = [b'x'; 48];

/// One suite of each kind: either format, signed or not.
const KINDS: [Suite; 4] = [Suite::Aes256Derived, Suite::Aes128Signed, Suite::Committing, Suite::CommittingSigned];

pub(crate) fn all() -> Vec<Case> {
    let of_suite = |suite| {
        let craft = Craft::new(suite);
        let mut cases = Cases { craft, all: Vec::new() };
        cases.lists();
        cases.fields();
        cases.frames();
        cases.ends();
        cases.blocks();
        cases.signatures();
        cases.endless();
        cases.all
    };
    KINDS.into_iter().flat_map(of_suite).chain(others()).collect()
}

struct Cases {
    craft: Craft,
    all: Vec<Case>,
}

impl Cases {
    fn add(&mut self, name: &str, bytes: Vec<u8>, says: &'static str) -> &mut Case {
        let (name, data_key) = (format!("{}: {name}", self.craft.suite), self.craft.data_key.clone());
        self.all.push(Case { name, bytes, endless: None, data_key, says });
        self.all.last_mut().unwrap()
    }

    /// A message that ends as it should, whose header is wrong.
    fn header(&mut self, name: &str, says: &'static str, change: impl FnOnce(&mut Fields)) {
        let mut fields = self.craft.fields();
        change(&mut fields);
        let body = [self.craft.frame(1, &TEXT[..32]), self.craft.last(2, &TEXT[32..])].concat();
        let message = self.craft.signed([self.craft.header(&fields), body].concat());
        self.add(name, message, says);
    }

    /// A message whose header is right, and whose body is not.
    fn body(&mut self, name: &str, says: &'static str, body: impl FnOnce(&Craft) -> Vec<Vec<u8>>) {
        let body = body(&self.craft).concat();
        let message = self.craft.signed([self.craft.header(&self.craft.fields()), body].concat());
        self.add(name, message, says);
    }

    fn lists(&mut self) {
        const LENGTH: &str = "encryption context has another length than it says";
        self.header("65,535 data keys claimed", "encrypted data keys", |it| it.data_key_count = Some(u16::MAX));
        self.header("17 data keys", "encrypted data keys", |it| it.data_keys = vec![it.data_keys[0].clone(); 17]);
        self.header("no data key", "is empty", |it| it.data_keys.clear());
        let long = || vec![[vec![b'p'; 65_535], vec![b'i'; 65_535], vec![b'c'; 65_535]]; 16];
        self.header("long data keys", "bytes of header", |it| it.data_keys = long());
        self.header("a provider of any bytes", "is not UTF-8", |it| it.data_keys[0][0] = vec![0xff; 4]);
        self.header("a pair of any bytes", "is not UTF-8", |it| it.pairs[0].1 = vec![0xff; 4]);
        self.header("a name twice", "says a name twice", |it| it.pairs.extend(it.pairs.clone()));
        self.header("a pair too few", LENGTH, |it| it.pair_count = Some(short_of(it) - 1));
        self.header("a pair too many", LENGTH, |it| it.pair_count = Some(short_of(it) + 1));
        self.header("65,535 pairs claimed", LENGTH, |it| it.pair_count = Some(u16::MAX));
        self.header("pairs of one byte less", LENGTH, |it| it.pairs_length = Some(length_of(it) - 1));
        self.header("pairs of one byte", LENGTH, |it| it.pairs_length = Some(1));
        self.header("pairs of one byte more", LENGTH, |it| it.pairs_length = Some(length_of(it) + 1));
        self.header("pairs as long as can be", "ends within its header", |it| it.pairs_length = Some(u16::MAX));
    }

    fn fields(&mut self) {
        self.header("content of type 0", "neither framed nor not", |it| it.content = 0);
        self.header("content of type 3", "neither framed nor not", |it| it.content = 3);
        self.header("frames of no length", "frame length is zero", |it| it.frame_length = 0);
        self.header("no frames, of a length", "has no frames", |it| it.content = 1);
        self.header("frames of 2^32 - 1", "bytes of a frame", |it| it.frame_length = u32::MAX);
        self.header("frames of 16 MiB + 1", "bytes of a frame", |it| it.frame_length = (16 << 20) + 1);
        if self.craft.suite.format() == 1 {
            self.header("a reserved field", "a reserved field is not zero", |it| it.reserved = 1);
            self.header("a reserved field's first bit", "a reserved field is not zero", |it| it.reserved = 1 << 31);
            for length in [0, 11, 13, 255] {
                self.header(&format!("nonces of {length}"), "nonce length", |it| it.nonce_length = length);
            }
        } else {
            self.header("another commitment", "commits to another data key", |it| it.commitment = Some([7; 32]));
        }
        let mut tagless = self.craft.whole(&TEXT);
        let place = self.craft.header(&self.craft.fields()).len() - 1;
        tagless[place] ^= 1;
        self.add("another tag", tagless, "header is not authentic");
        let length = self.craft.data_key.len();
        let whole = self.craft.whole(&TEXT);
        self.add("a short data key", whole.clone(), "the data key has").data_key = vec![7; length - 1];
        self.add("a long data key", whole.clone(), "the data key has").data_key = vec![7; length + 1];
        let says = if self.craft.suite.is_committing() { "commits to another" } else { "header is not authentic" };
        self.add("another data key", whole, says).data_key = vec![7; length];
    }

    fn frames(&mut self) {
        const PLACE: &str = "belongs";
        let (one, rest) = TEXT.split_at(32);
        self.body("frame 2 first", PLACE, |it| vec![it.frame(2, one), it.last(3, rest)]);
        self.body("frame 0 first", PLACE, |it| vec![it.frame(0, one), it.last(1, rest)]);
        self.body("frame 2 is missing", PLACE, |it| vec![it.frame(1, one), it.frame(3, one), it.last(4, rest)]);
        self.body("frame 1 twice", PLACE, |it| vec![it.frame(1, one), it.frame(1, one), it.last(2, rest)]);
        self.body("frames changed about", PLACE, |it| vec![it.frame(2, one), it.frame(1, one), it.last(3, rest)]);
        self.body("the last frame is another", PLACE, |it| vec![it.frame(1, one), it.last(3, rest)]);
        self.body("the last frame is 0", PLACE, |it| vec![it.last(0, rest)]);
        self.body("the last frame is 2^32 - 1", PLACE, |it| vec![it.last(u32::MAX, rest)]);
        self.body("a last frame that is too long", "longer than the others", |it| vec![it.last(1, &TEXT)]);
        let renamed = |kind, sequence: u32, it: &Craft| {
            let (block, tag) = it.body(kind, sequence, one);
            [&sequence.to_be_bytes()[..], &super::craft::nonce(sequence), &block, &tag].concat()
        };
        self.body("a last frame that says it is none", "frame 1 is not authentic", |it| {
            vec![renamed(" Final Frame", 1, it), it.last(2, rest)]
        });
        self.body("a body that says it is a frame", "frame 1 is not authentic", |it| {
            vec![renamed(" Single Block", 1, it), it.last(2, rest)]
        });
        self.body("a frame of another message", "frame 2 is not authentic", |it| {
            let other =
                Craft::of(it.suite, it.data_key.clone(), vec![9; if it.suite.is_committing() { 32 } else { 16 }]);
            vec![it.frame(1, one), other.frame(2, one), it.last(3, rest)]
        });
    }

    fn ends(&mut self) {
        let (one, rest) = TEXT.split_at(32);
        let twice = if self.craft.suite.is_signed() { "longer than one can be" } else { "bytes after its end" };
        self.body("two last frames", twice, |it| vec![it.last(1, rest), it.last(2, rest)]);
        self.body("two last frames of one number", twice, |it| vec![it.last(1, rest), it.last(1, rest)]);
        self.body("a frame after the last", if self.craft.suite.is_signed() { "signature" } else { twice }, |it| {
            vec![it.last(1, rest), it.frame(2, one)]
        });
        let header = self.craft.header(&self.craft.fields());
        self.add("no body", header.clone(), "ends within the beginning of a frame");
        let unended = [header, self.craft.frame(1, one)].concat();
        self.add("no last frame", unended, "ends within the beginning of a frame, or lacks its last one");
        let whole = self.craft.whole(&TEXT);
        self.add("a byte more", [&whole[..], &[0]].concat(), "bytes after its end");
        self.add("itself once more", [&whole[..], &whole].concat(), "bytes after its end");
        self.add("a byte before", [&[0], &whole[..]].concat(), "no version of the format");
        self.add("as base64", BASE64_STANDARD.encode(&whole).into_bytes(), "it looks like base64");
    }

    fn blocks(&mut self) {
        let mut fields = self.craft.fields();
        (fields.content, fields.frame_length) = (1, 0);
        let header = self.craft.header(&fields);
        let long = |length: u64| [&header[..], &[1; 12], &length.to_be_bytes(), &[7; 99]].concat();
        for length in [u64::MAX, u64::MAX - 35, 1 << 63, 1 << 36, (1 << 32) + 1, (16 << 20) + 1] {
            self.add(&format!("a body of {length}"), long(length), "bytes of a body that is not framed");
        }
        self.add("a body that ends", long(16 << 20), "ends within a frame");
        self.add("a body of nothing", long(0), "frame 1 is not authentic");
        let twice = [&header[..], &self.craft.block(&TEXT), &self.craft.block(&TEXT)].concat();
        let says = if self.craft.suite.is_signed() { "its signature" } else { "bytes after its end" };
        self.add("two bodies", twice, says);
        let framed = [&header[..], &self.craft.last(1, &TEXT[..32])].concat();
        self.add("a frame where none is", framed, "frame 1 is not authentic");
    }

    fn signatures(&mut self) {
        let unsigned = |it: &Craft| {
            let body = [it.header(&it.fields()), it.frame(1, &TEXT[..32]), it.last(2, &TEXT[32..])];
            body.concat()
        };
        if !self.craft.suite.is_signed() {
            let key = BASE64_STANDARD.encode([2; 49]).into_bytes();
            let pair = (b"aws-crypto-public-key".to_vec(), key);
            return self.header("a public key", "its suite has no signature", |it| it.pairs.push(pair));
        }
        self.header("no public key", "is missing", |it| drop(it.pairs.remove(0)));
        self.header("a key of no base64", "is not base64", |it| it.pairs[0].1 = b"?".to_vec());
        let encode = |key: Vec<u8>| BASE64_STANDARD.encode(key).into_bytes();
        let point = self.craft.public_key().unwrap();
        let other = if point.len() == 33 { vec![2; 49] } else { vec![2; 33] };
        self.header("a key of another curve", "another length", |it| it.pairs[0].1 = encode(other));
        self.header("a key of no bytes", "another length", |it| it.pairs[0].1 = Vec::new());
        let negative = [&[point[0] ^ 1], &point[1..]].concat();
        self.header("the other key with its coordinate", "signature does not fit", |it| {
            it.pairs[0].1 = encode(negative);
        });
        let nowhere = vec![0xff; point.len()];
        self.header("a key that is on no curve", "signature does not fit", |it| it.pairs[0].1 = encode(nowhere));
        let infinity = vec![0; point.len()];
        self.header("a key at infinity", "signature does not fit", |it| it.pairs[0].1 = encode(infinity));

        let message = unsigned(&self.craft);
        let with = |signature: &[u8]| {
            let mut message = message.clone();
            put(&mut message, signature);
            message
        };
        self.add("no signature", message.clone(), "ends within its signature");
        self.add("an empty signature", with(&[]), "signature does not fit");
        self.add("a signature of zeros", with(&[0; 103]), "signature does not fit");
        self.add("a signature of r = s = 0", with(&[0x30, 6, 2, 1, 0, 2, 1, 0]), "signature does not fit");
        self.add("a signature that is too long", with(&[0x30; 129]), "longer than one can be");
        self.add("a signature of 65,535", with(&[0x30; 65_535]), "longer than one can be");
        let other = [self.craft.header(&self.craft.fields()), self.craft.last(1, b"other")].concat();
        let signature = self.craft.signed(other.clone()).split_off(other.len());
        self.add("another message's signature", [&message[..], &signature].concat(), "signature does not fit");
    }

    fn endless(&mut self) {
        let (whole, header) = (self.craft.whole(&TEXT), self.craft.header(&self.craft.fields()));
        let begin = if self.craft.suite.format() == 1 { 2 + 2 + 16 } else { 1 + 2 + 32 };
        self.add("pairs without end", header[..begin].to_vec(), "encryption context").endless = Some(0xff);
        let mut list = header[..begin].to_vec();
        list.extend([0, 0, 0, 16]);
        self.add("data keys without end", list.clone(), "is not UTF-8").endless = Some(0xff);
        self.add("long data keys without end", list, "bytes of header").endless = Some(0x61);
        self.add("frames without end", header.clone(), "").endless = Some(0);
        self.add("last frames without end", header, "").endless = Some(0xff);
        let mut fields = self.craft.fields();
        fields.frame_length = 16 << 20;
        let greatest = self.craft.header(&fields);
        let frame = [&greatest[..], &[0, 0, 0, 1], &[0; 12]].concat();
        self.add("a frame without end", frame, "frame 1 is not authentic").endless = Some(7);
        (fields.content, fields.frame_length) = (1, 0);
        let body = [&self.craft.header(&fields)[..], &[1; 12], &(16_u64 << 20).to_be_bytes()].concat();
        self.add("a body without end", body, "frame 1 is not authentic").endless = Some(7);
        self.add("more without end", whole, "bytes after its end").endless = Some(0);
    }
}

fn short_of(fields: &Fields) -> u16 {
    u16::try_from(fields.pairs.len()).unwrap()
}

fn length_of(fields: &Fields) -> u16 {
    let pairs = fields.pairs.iter().map(|(name, value)| 4 + name.len() + value.len()).sum::<usize>();
    u16::try_from(2 + pairs).unwrap()
}

/// What is no message at all, or one of another product.
fn others() -> Vec<Case> {
    let case = |name: &str, bytes: &[u8], says| {
        let (name, bytes, data_key) = (name.to_owned(), bytes.to_vec(), vec![0x42; 32]);
        Case { name, bytes, endless: None, data_key, says }
    };
    let mut cases = vec![
        case("nothing", &[], "ends within its header"),
        case("one byte", &[1], "ends within its header"),
        case("a KMS ciphertext", &[&[1, 2, 2, 0][..], &[0x78; 180]].concat(), "like a ciphertext of KMS"),
        case("an old KMS ciphertext", &[&[1, 1, 1, 0][..], &[0x78; 180]].concat(), "like a ciphertext of KMS"),
        case("base64 of format 1", b"AYADeJh1", "it looks like base64"),
        case("base64 of format 2", b"AgV4", "it looks like base64"),
        case("base64 of a KMS ciphertext", b"AQICAHh", "it looks like base64"),
        case("JSON", b"{\"a\": 1}", "no version of the format"),
        case("version 0", &[0, 0x80, 3, 0x78], "no version of the format"),
        case("version 3", &[3, 5, 0x78], "no version of the format"),
        case("another type", &[1, 0x81, 3, 0x78], "a type that is not known"),
        case("version 2 of another suite", &[2, 3, 0x78], "a suite that is not known"),
    ];
    for id in [0x0000, 0x0070, 0x0071, 0x0072, 0x0073, 0x0074, 0x6700, 0x6701, 0xffff_u16] {
        let bytes = [&[1, 0x80][..], &id.to_be_bytes(), &[0; 600]].concat();
        cases.push(case(&format!("suite {id:04x}"), &bytes, "is none of the Encryption SDK's"));
    }
    for id in [0x0478, 0x0578_u16] {
        let bytes = [&[1, 0x80][..], &id.to_be_bytes(), &[0; 600]].concat();
        cases.push(case(&format!("suite {id:04x} in format 1"), &bytes, "belongs to the other version"));
    }
    cases.push(case("suite 0500", &[&[2, 5, 0][..], &[0; 600]].concat(), "is none of the Encryption SDK's"));
    cases
}
