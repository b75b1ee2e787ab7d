//! A JSON document that is changed in places, and stays as it is elsewhere.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use jsonc_parser::ast::{ObjectProp, ObjectPropName, StringLit, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions};
use serde::de::IgnoredAny;

use super::error::RewriteError;
use crate::ids::Template;

/// No document that AWS takes is longer; the longest is an event of EventBridge (EventBridge user guide, "Quotas").
const LONGEST: usize = 1024 * 1024;

/// JSON as RFC 8259 has it, and nothing else.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads a document: what of it stands where. No object of it has two members of one name.
pub(super) fn parse(text: &str) -> Result<Value<'_>, RewriteError> {
    if text.len() > LONGEST {
        return Err(RewriteError::TooLong { has: text.len(), most: LONGEST });
    }
    // Which says best what is wrong.
    serde_json::from_str::<IgnoredAny>(text).map_err(|source| RewriteError::NotJson { source: source.into() })?;
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let not_json = |source: jsonc_parser::errors::ParseError| RewriteError::NotJson { source: source.into() };
    let value = jsonc_parser::parse_to_ast(text, &collect, &STRICT).map_err(not_json)?.value;
    let value = value.ok_or_else(|| RewriteError::NotJson { source: "it is empty".into() })?;
    once(&value, &At::Whole)?;
    Ok(value)
}

/// Fails on the first object that has two members of one name. The parser limits how deep this goes.
fn once(value: &Value<'_>, at: &At<'_>) -> Result<(), RewriteError> {
    match value {
        Value::Object(object) => {
            if let Some(twice) = twice(&object.properties) {
                return Err(RewriteError::Twice { at: At::Member(at, twice).pointer() });
            }
            object.properties.iter().try_for_each(|member| once(&member.value, &At::Member(at, name(member))))
        }
        Value::Array(array) => {
            array.elements.iter().enumerate().try_for_each(|(index, element)| once(element, &At::Element(at, index)))
        }
        _ => Ok(()),
    }
}

/// Returns the first name that comes a second time.
fn twice<'m>(members: &'m [ObjectProp<'_>]) -> Option<&'m str> {
    // Most objects have few members, which are compared faster than they are hashed.
    if members.len() <= 8 {
        let is_second = |at: usize| members[..at].iter().any(|member| name(member) == name(&members[at]));
        return (1..members.len()).find(|at| is_second(*at)).map(|at| name(&members[at]));
    }
    let mut seen = HashSet::with_capacity(members.len());
    members.iter().map(name).find(|name| !seen.insert(*name))
}

/// Returns the name of a member.
pub(super) fn name<'v>(member: &'v ObjectProp<'_>) -> &'v str {
    match &member.name {
        ObjectPropName::String(text) => &text.value,
        ObjectPropName::Word(word) => word.value,
    }
}

/// Where in a document something is.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'a> {
    Element(&'a Self, usize),
    Member(&'a Self, &'a str),
    Whole,
}

impl At<'_> {
    /// Writes it as a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        // Longer ones are rare.
        let mut pointer = String::with_capacity(96);
        self.write(&mut pointer);
        pointer
    }

    fn write(&self, pointer: &mut String) {
        match self {
            Self::Whole => {}
            Self::Element(within, index) => {
                within.write(pointer);
                pointer.push('/');
                // Writing to a string does not fail.
                let _ = write!(pointer, "{index}");
            }
            Self::Member(within, name) => {
                within.write(pointer);
                pointer.push('/');
                match name.contains(['~', '/']) {
                    true => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                    false => pointer.push_str(name),
                }
            }
        }
    }
}

/// Goes through all texts of a document that are values, and not names.
pub(super) fn each_text<'v, 't>(value: &'v Value<'t>, at: &At<'_>, see: &mut impl FnMut(&'v StringLit<'t>, &At<'_>)) {
    match value {
        Value::StringLit(text) => see(text, at),
        Value::Object(object) => {
            object.properties.iter().for_each(|member| each_text(&member.value, &At::Member(at, name(member)), see));
        }
        Value::Array(array) => {
            let elements = array.elements.iter().enumerate();
            elements.for_each(|(index, element)| each_text(element, &At::Element(at, index), see));
        }
        _ => {}
    }
}

/// What is put where, in place of what stands there.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    /// What comes before the value.
    before: Cow<'static, str>,
    value: Option<Template>,
    /// What comes after it.
    after: &'static str,
}

impl Edits {
    /// Has `value` stand in place of `text`.
    pub(super) fn replace(&mut self, text: &StringLit<'_>, value: Template) {
        let range = text.range.start..text.range.end;
        self.0.push(Edit { range, before: "".into(), value: Some(value), after: "" });
    }

    /// Has `value` stand beside `text`, which is one of a list.
    pub(super) fn append(&mut self, text: &StringLit<'_>, value: Template) {
        self.insert(text.range.end, ", ", Some(value), "");
    }

    /// Has a list stand in place of a single `text`: itself, and `value`.
    pub(super) fn list(&mut self, text: &StringLit<'_>, value: Template) {
        self.insert(text.range.start, "[", None, "");
        self.insert(text.range.end, ", ", Some(value), "]");
    }

    /// Has `value` stand at a place where nothing is, between two further texts.
    pub(super) fn insert(
        &mut self,
        at: usize,
        before: impl Into<Cow<'static, str>>,
        value: Option<Template>,
        after: &'static str,
    ) {
        self.0.push(Edit { range: at..at, before: before.into(), value, after });
    }

    /// Writes the document anew: byte for byte as it was, but for the edits.
    pub(super) fn apply(mut self, text: &str) -> Template {
        self.0.sort_by_key(|edit| edit.range.start);
        let mut done = 0;
        let mut document = Template::with_room_for(text.len() + text.len() / 8);
        for Edit { range, before, value, after } in self.0 {
            document = document.text(&text[done..range.start]).text(before);
            document = value.iter().fold(document, Template::append_json).text(after);
            done = range.end;
        }
        document.text(&text[done..])
    }
}

/// Returns the texts of a value that is one or a list of them, and whether it is a list.
pub(super) fn texts<'v, 't>(value: &'v Value<'t>) -> (Vec<(Option<usize>, &'v StringLit<'t>)>, bool) {
    match value {
        Value::StringLit(text) => (vec![(None, text)], false),
        Value::Array(array) => {
            let mut texts = Vec::with_capacity(array.elements.len());
            texts.extend(array.elements.iter().enumerate().filter_map(|(index, element)| match element {
                Value::StringLit(text) => Some((Some(index), text)),
                _ => None,
            }));
            (texts, true)
        }
        _ => (Vec::new(), false),
    }
}

/// Returns the line and column, from 1, at which a value begins.
pub(super) fn position(value: &Value<'_>, text: &str) -> (usize, usize) {
    let before = &text[..value.range().start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(1, |last| last.chars().count() + 1);
    (line, column)
}
