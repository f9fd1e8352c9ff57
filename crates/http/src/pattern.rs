//! Path patterns of rate limits: `/api/*`, `/api/**`.

use std::fmt;
use std::str::FromStr;

/// A path whose segments are words, `*` (any one segment) or `**` (any number of segments, none among them).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Word(String),
    One,
    Any,
}

/// A pattern that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path pattern begins with `/`; in it, `*` stands for one whole segment and `**` for any number of them"
)]
pub struct PatternError;

impl Pattern {
    /// Whether the whole `path` fits; a trailing slash is ignored.
    pub fn matches(&self, path: &str) -> bool {
        let segments: Vec<&str> = segments(path).collect();
        fits(&self.segments, &segments)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/')
        .split('/')
        .filter(|segment| !segment.is_empty())
}

fn fits(pattern: &[Segment], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((Segment::Any, rest)), _) => {
            (0..=path.len()).any(|skip| path.get(skip..).is_some_and(|path| fits(rest, path)))
        }
        (Some((Segment::One, rest)), Some((_, path))) => fits(rest, path),
        (Some((Segment::Word(word), rest)), Some((segment, path))) => {
            word == segment && fits(rest, path)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text.strip_prefix('/').ok_or(PatternError)?;
        let segments = segments(inner).map(|segment| match segment {
            "*" => Ok(Segment::One),
            "**" => Ok(Segment::Any),
            word if word.contains('*') => Err(PatternError),
            word => Ok(Segment::Word(word.to_owned())),
        });
        let mut segments = segments.collect::<Result<Vec<_>, _>>()?;
        segments.dedup_by(|one, other| matches!((one, other), (Segment::Any, Segment::Any)));
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(path)
    }

    #[test]
    fn one_star_is_one_whole_segment() {
        assert!(fits("/api/*", "/api/login") && fits("/api/*", "/api/login/"));
        assert!(
            !fits("/api/*", "/api")
                && !fits("/api/*", "/api/v1/users")
                && !fits("/api/*", "/apis/login")
        );
        assert!(fits("/api/*/users", "/api/v1/users"));
    }

    #[test]
    fn two_stars_are_any_number_of_segments() {
        assert!(fits("/api/**", "/api") && fits("/api/**", "/api/v1/users/profile"));
        assert!(
            fits("/**/profile", "/api/v1/users/profile") && !fits("/**/profile", "/api/v1/users")
        );
        assert!(fits("/**", "/") && fits("/", "/"));
    }

    #[test]
    fn half_a_segment_is_no_pattern() {
        for bad in ["", "api/*", "/api/v*", "/api/***"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }
}
