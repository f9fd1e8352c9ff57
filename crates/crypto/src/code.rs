//! One-time codes of digits.
//!
//! A code is drawn uniformly and thrown away until it has enough different digits. Building it from a set of
//! digits instead would make some codes likelier than others, and those are what a guesser tries first.

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::Entropy;

/// Shorter codes are guessed, longer ones are mistyped.
const LENGTHS: std::ops::RangeInclusive<u8> = 4..=10;

/// How a code looks: so many digits, of which so many at least differ. Held only when such codes exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeShape {
    length: u8,
    unique_digits: u8,
}

/// Why no code can have the asked shape.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CodeShapeError {
    /// The length is outside 4 to 10 digits.
    #[error("a code has 4 to 10 digits, not {0}")]
    Length(u8),
    /// More different digits are asked for than the code has places.
    #[error("a code of {length} digits cannot hold {unique_digits} different ones")]
    UniqueDigits {
        /// Digits in the code.
        length: u8,
        /// Different digits asked for.
        unique_digits: u8,
    },
}

impl CodeShape {
    /// A shape of `length` digits (4 to 10) with at least `unique_digits` different ones; zero and one ask
    /// for nothing.
    pub fn new(length: u8, unique_digits: u8) -> Result<Self, CodeShapeError> {
        if !LENGTHS.contains(&length) {
            return Err(CodeShapeError::Length(length));
        }
        if unique_digits > length {
            return Err(CodeShapeError::UniqueDigits {
                length,
                unique_digits,
            });
        }
        Ok(Self {
            length,
            unique_digits,
        })
    }

    /// Digits in each code.
    pub fn length(self) -> u8 {
        self.length
    }

    /// The least number of different digits in each code.
    pub fn unique_digits(self) -> u8 {
        self.unique_digits
    }

    /// Whether `code` could have come out of [`numeric`] with this shape.
    pub fn admits(self, code: &str) -> bool {
        code.len() == usize::from(self.length)
            && code.bytes().all(|byte| byte.is_ascii_digit())
            && different_digits(code) >= u32::from(self.unique_digits)
    }
}

/// A code of that shape, every one of them equally likely. Leading zeros count as digits.
pub fn numeric(entropy: &Entropy, shape: CodeShape) -> SecretString {
    let codes = 10_u64.pow(u32::from(shape.length));
    let width = usize::from(shape.length);
    loop {
        let code = SecretString::from(format!("{:0width$}", entropy.below(codes)));
        if different_digits(code.expose_secret()) >= u32::from(shape.unique_digits) {
            return code;
        }
    }
}

fn different_digits(code: &str) -> u32 {
    code.bytes()
        .fold(0_u16, |seen, byte| seen | 1 << (byte & 0x0F))
        .count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 1_000_000;

    fn shape(length: u8, unique_digits: u8) -> CodeShape {
        CodeShape::new(length, unique_digits).unwrap()
    }

    /// How far, in standard deviations, the counts of `DRAWS` codes are from an even spread over the codes
    /// that the shape admits (the chi-square statistic, which is normal for so many cells).
    fn deviation(shape: CodeShape, cells: u32) -> f64 {
        let entropy = Entropy::seeded(20_260_101);
        let mut counts = vec![0_u32; 10_usize.pow(u32::from(shape.length))];
        for _ in 0..DRAWS {
            let code = numeric(&entropy, shape);
            assert!(shape.admits(code.expose_secret()));
            counts[code.expose_secret().parse::<usize>().unwrap()] += 1;
        }
        let expected = f64::from(DRAWS) / f64::from(cells);
        let width = usize::from(shape.length);
        let (mut statistic, mut admitted) = (0.0, 0);
        for (value, count) in counts.into_iter().enumerate() {
            if shape.admits(&format!("{value:0width$}")) {
                admitted += 1;
                statistic += (f64::from(count) - expected).powi(2) / expected;
            }
        }
        assert_eq!(admitted, cells);
        let freedom = f64::from(cells - 1);
        (statistic - freedom) / (2.0 * freedom).sqrt()
    }

    #[test]
    fn sec_s02_unique_digits_filters_uniform_codes_and_leaves_932400_equally_likely() {
        let off = deviation(shape(6, 4), 932_400);
        assert!(off.abs() < 4.0, "{off} standard deviations from uniform");
    }

    #[test]
    fn sec_6_5_3_a_million_codes_are_spread_evenly() {
        let off = deviation(shape(6, 1), 1_000_000);
        assert!(off.abs() < 4.0, "{off} standard deviations from uniform");
    }

    #[test]
    fn every_shape_that_can_be_made_gives_codes() {
        let entropy = Entropy::os();
        for length in LENGTHS {
            for unique_digits in 0..=length {
                let shape = shape(length, unique_digits);
                assert!(shape.admits(numeric(&entropy, shape).expose_secret()));
            }
        }
    }

    #[test]
    fn an_impossible_shape_is_refused_instead_of_drawn_for_ever() {
        assert_eq!(
            CodeShape::new(6, 7),
            Err(CodeShapeError::UniqueDigits {
                length: 6,
                unique_digits: 7
            })
        );
        for length in [0, 3, 11, 255] {
            assert_eq!(
                CodeShape::new(length, 1),
                Err(CodeShapeError::Length(length))
            );
        }
    }

    #[test]
    fn a_shape_admits_only_its_own_codes() {
        let shape = shape(6, 4);
        assert!(shape.admits("001234"));
        for other in [
            "",
            "111234 ",
            "11123",
            "1112223",
            "111222",
            "12345a",
            "١٢٣٤٥٦",
        ] {
            assert!(!shape.admits(other), "{other:?}");
        }
    }
}
