//! Telephone numbers in E.164.

use std::fmt;

/// A number in E.164: a plus sign and at most 15 digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a text is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("value is not a valid phone number")]
pub struct PhoneError;

impl Phone {
    /// Reads an international number (`+44 20 7946 0018`); separators are dropped, a number without a country is refused.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        if text.len() > 40 || !text.starts_with('+') {
            return Err(PhoneError);
        }
        if !text
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_digit() || " -.()/".contains(c))
        {
            return Err(PhoneError);
        }
        let number = phonenumber::parse(None, text).map_err(|_| PhoneError)?;
        if !phonenumber::is_valid(&number) {
            return Err(PhoneError);
        }
        Ok(Self(
            number.format().mode(phonenumber::Mode::E164).to_string(),
        ))
    }

    /// The canonical form, E.164.
    pub fn key(&self) -> &str {
        &self.0
    }

    /// What is shown: E.164 too.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    /// Numbers do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        let phone = Phone::parse("+44 (20) 7946-0018").unwrap();
        assert_eq!(phone.key(), "+442079460018");
        assert_eq!(phone, Phone::parse("+442079460018").unwrap());
    }

    #[test]
    fn what_is_no_international_number_is_refused() {
        for bad in [
            "",
            "020 7946 0018",
            "+",
            "+1",
            "+44 20 7946 0018 ext 5",
            "+9991234",
            "+44abc",
            "+٤٤2079460018",
        ] {
            assert!(Phone::parse(bad).is_err(), "{bad}");
        }
    }
}
