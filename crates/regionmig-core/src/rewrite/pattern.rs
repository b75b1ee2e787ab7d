//! Event patterns of EventBridge.

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, ObjectProp, StringLit, Value};

use super::Rewriter;
use super::error::RewriteError;
use super::image::{Form, Image};
use super::json::{At, name, parse, texts};
use super::report::Rewritten;
use super::scribe::{How, Scribe};
use crate::ids::Template;

/// Members of an event whose value is a region's name: its own, and that in what CloudTrail records.
const REGIONS: [&str; 2] = ["/region", "/detail/awsRegion"];

/// Rewrites an event pattern (EventBridge user guide, "Comparison operators for use in event patterns").
pub(super) fn rewrite(rewriter: &Rewriter, text: &str) -> Result<Rewritten, RewriteError> {
    let document = parse(text)?;
    let mut scribe = Scribe::new(rewriter, "event pattern", text);
    let object = match &document {
        Value::Object(object) => object,
        other => return Err(scribe.malformed(other, &At::Whole, "an event pattern is an object")),
    };
    scribe.pattern(object, &At::Whole, &mut String::new())?;
    Ok(scribe.finish())
}

impl Scribe<'_, '_> {
    /// `path` names the member of the event, and `at` where the pattern speaks of it: `$or` is in the one only.
    fn pattern(&mut self, pattern: &Object<'_>, at: &At<'_>, path: &mut String) -> Result<(), RewriteError> {
        pattern.properties.iter().try_for_each(|member| self.member(member, at, path))
    }

    fn member(&mut self, member: &ObjectProp<'_>, at: &At<'_>, path: &mut String) -> Result<(), RewriteError> {
        let at = At::Member(at, name(member));
        if let Some(branches) = branches(member) {
            let mut branches = branches.into_iter().enumerate();
            return branches.try_for_each(|(index, branch)| self.pattern(branch, &At::Element(&at, index), path));
        }
        let length = path.len();
        path.push('/');
        path.push_str(name(member));
        let done = match &member.value {
            Value::Object(object) => self.pattern(object, &at, path),
            Value::Array(_) => {
                self.tests(
                    &member.value,
                    &at,
                    if REGIONS.contains(&path.as_str()) { &[Form::Region] } else { &[Form::Arn] },
                );
                Ok(())
            }
            other => Err(self.malformed(other, &at, "a member of an event pattern is an object or a list of tests")),
        };
        path.truncate(length);
        done
    }

    /// Rewrites the tests of one member of an event, one of which must hold.
    fn tests(&mut self, list: &Value<'_>, at: &At<'_>, forms: &[Form]) {
        let how = if self.rewriter.is_adding { How::Add } else { How::Replace };
        self.values(list, at, forms, how);
        let Value::Array(array) = list else { return };
        for (index, element) in array.elements.iter().enumerate() {
            let at = At::Element(at, index);
            let Value::Object(test) = element else { continue };
            match test.properties.as_slice() {
                [only] => self.test(only, test, &At::Member(&at, name(only)), (forms, how)),
                _ => self.unruled(element, &at),
            }
        }
    }

    fn test(&mut self, member: &ObjectProp<'_>, test: &Object<'_>, at: &At<'_>, (forms, how): (&[Form], How)) {
        match (name(member), &member.value) {
            ("equals-ignore-case" | "prefix" | "wildcard", Value::StringLit(text)) => {
                let image = self.image_of_test(name(member), text, forms);
                let (image, rule) = match image {
                    Image::Becomes(image, rule) => (image, rule),
                    other => return self.note(at.pointer(), text, other),
                };
                match how {
                    How::Add => {
                        let joined = Template::from(format!(", {{\"{}\": ", name(member)).as_str());
                        self.edits.insert(test.range.end, joined.append(image.json()).text("}"));
                        self.replaced(at.pointer(), text, (&image, rule), true);
                    }
                    _ => self.change(text, at.pointer(), (image, rule), how, (&BTreeSet::new(), false)),
                }
            }
            // What is excepted stays excepted.
            ("anything-but", Value::StringLit(_) | Value::Array(_)) => self.values(&member.value, at, forms, How::Add),
            ("anything-but", Value::Object(excepted)) => excepted.properties.iter().for_each(|member| {
                let at = At::Member(at, name(member));
                match (name(member), texts(&member.value)) {
                    ("equals-ignore-case" | "prefix" | "wildcard", (values, is_list)) => {
                        let present = values.iter().map(|(_, text)| &*text.value).collect();
                        for (index, text) in values {
                            let at = index.map_or_else(|| at.pointer(), |index| At::Element(&at, index).pointer());
                            match self.image_of_test(name(member), text, forms) {
                                Image::Becomes(image, rule) => {
                                    self.change(text, at, (image, rule), How::Add, (&present, is_list));
                                }
                                other => self.note(at, text, other),
                            }
                        }
                    }
                    _ => self.unruled(&member.value, &at),
                }
            }),
            (_, value) => self.unruled(value, at),
        }
    }

    /// Says what becomes of a text that a test compares with: a prefix is a pattern that ends in `*`.
    fn image_of_test(&self, operator: &str, text: &StringLit<'_>, forms: &[Form]) -> Image {
        let is_prefix = operator == "prefix" && !forms.contains(&Form::Region);
        if !is_prefix {
            return self.rewriter.image(&text.value, forms);
        }
        match self.rewriter.image(&format!("{}*", text.value), forms) {
            Image::Becomes(image, rule) => Image::Becomes(image.without_end("*"), rule),
            other => other,
        }
    }
}

/// Returns the patterns one of which must take the event, if that is what a member says.
fn branches<'v, 't>(member: &'v ObjectProp<'t>) -> Option<Vec<&'v Object<'t>>> {
    let Value::Array(array) = &member.value else { return None };
    let object = |element: &'v Value<'t>| if let Value::Object(object) = element { Some(object) } else { None };
    let branches: Option<Vec<_>> = array.elements.iter().map(object).collect();
    branches.filter(|branches| name(member) == "$or" && branches.len() > 1)
}
