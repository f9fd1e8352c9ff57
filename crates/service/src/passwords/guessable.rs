//! Passwords among the first that an attacker tries: a known word with a little around it, a walk over the keyboard, a
//! row of digits, one piece said again and again.
//!
//! Lists of leaked passwords are mostly a few hundred words, dressed in the same few ways. So the words are kept, and
//! the dress is taken off: case, digits for letters, what is hung on in front and behind.

/// Words that leaked passwords are made of, in lower case and without digits.
const WORDS: &str = "\
aaron abc abcd abcdef access account action adam adidas admin administrator adrian alex alexander alexandra alexis alice \
amanda amber america andrea andrew andy angel angela angels anna anthony apple april arsenal arthur asdf asdfgh \
asdfghjkl ashley asshole august austin baby babygirl badboy badger bailey banana barcelona barney baseball basketball \
batman beach bear beautiful beauty beaver benjamin beer berlin bigdaddy bigdog bill billy bird birdie bitch black \
blackberry blink blonde blowme blue bond bonnie booboo booger boomer boston brandon brandy brazil brian britney broncos \
brooklyn buddy bulldog bullshit buster butter butterfly calvin camaro cameron canada captain caroline carlos carmen casey \
casper change changeme charles charlie cheese chelsea cherry chester chevy chicago chicken china chocolate chris christian \
christina christine christopher church claire classic claudia cocacola coffee colorado compaq computer cookie cool corvette \
cowboy cowboys crazy cricket crystal cute daddy dakota dallas daniel daniela danielle david december default dell demo \
denise dennis denver diablo diamond digital dolphin dolphins domain donald doctor dragon dreams ducati eagle eagles earth \
eduardo edward einstein elephant elizabeth emily eminem emma england enter eric erika eternity europe falcon family faith \
fender fernando ferrari fire fish flower flowers florida fluffy football forever france frank frankie fred freddy \
freedom friday friend friends fuck fucker fuckme fuckoff fuckyou gabriel galaxy gandalf garfield gary gateway gemini \
genesis george germany ghost giants gibson ginger girl girls goat goblue god godzilla golden golf golfer goldfish google \
gordon green gregory guest guitar gunner hammer hannah happy hardcore harley harry harrypotter heather heaven hello hellokitty \
helpme hockey holiday home honda honey horse horny hotdog hottie house howard hunter hunting iceman iloveu iloveyou india \
indian internet ireland isabella italia jack jackie jackson jaguar jake james jamie january japan jasmine jason jasper \
jennifer jeremy jessica jessie jesus jesuschrist johannes john johnny johnson jonathan jordan jorge joseph joshua juan julia \
julian july junior june justice justin karen katie kelly kenneth kevin killer kimberly king kitty knight ladies lakers \
laura lauren legend leather letmein liberty linda lion little liverpool login london lorenzo louise love lovely loveme lover loveyou \
lucky lucy maggie magic manager manchester march margaret maria mariah marina marine mario mark market marlboro martha \
martin marvin master matrix matthew maverick maxwell melissa member mercedes merlin mexico michael michelle mickey midnight \
mike miller minecraft mine mommy money monika monkey monster morgan mother mountain mouse muffin murphy music mustang myspace \
naruto natasha nathan naughty newyork nicholas nicole nikita ninja nintendo nirvana nissan nothing november october oliver \
olivia online orange oscar owner pass passion passw passwd password patricia patrick peace peaches peanut pepper peter \
phantom phoenix pizza playboy player please pokemon police poohbear pookie porsche portugal power prayer precious prince \
princess private pumpkin purple pussy qazwsx qazwsxedc qwer qwert qwerty qwertyui qwertyuiop qwertz qwertzuiop azerty azertyuiop \
rabbit rachel raiders rainbow ranger rangers real rebecca redsox red richard robert rock rocket rockstar rocky roman ronaldo \
root rose rosebud runner russia ryan sabrina sakura samantha sammy samson samsung samuel sandra santiago sarah saturn school \
scooby scooter scorpion scott scotland secret secure security senha september server service sexy shadow shannon shelby sierra silver simon simple single \
skater skipper slayer slipknot smokey snickers snoopy snowball snowman soccer sophie spanky spain sparky special spider spiderman \
spirit spring star starwars steelers stella stephanie stephen steve steven strawberry student stupid success sugar summer \
sunday sunflower sunny sunshine super superman superstar support suzuki sweet sweetheart sweetie sweets sydney system taylor \
teacher teddy teddybear temp temporary tennis teresa test tester testing testtest texas thomas thunder thursday tiffany \
tiger tigers tigger time tinkerbell tomcat toor toyota travis trinity trouble trustno tucker turtle tweety twilight unicorn \
unknown user valentina vanessa velvet veronica victor victoria viking vincent virginia volcom voodoo walter warrior welcome \
william willow wilson winner winston winter wizard wolf wolverine woman wonder work xavier xxxx yamaha yankee yankees \
yellow zxcv zxcvb zxcvbn zxcvbnm zaqwsx";

/// Rows of keys and of the alphabet; a stretch of one of them, either way, is a walk.
const ROWS: [&str; 12] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "09876543210",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
];

/// Whether `password` is among the first that are tried, or is little more than a word of its context: the service's
/// name, or what its user is called.
pub(super) fn is_guessable(password: &str, context: &[&str]) -> bool {
    let folded = password.to_lowercase();
    if said_again(&folded) || walked(&folded) {
        return true;
    }
    bare_forms(&folded).iter().any(|word| {
        WORDS.split_ascii_whitespace().any(|known| known == word)
            || said_again(word)
            || context.iter().any(|name| names(name, word))
    })
}

/// The word within: what is hung on taken off, digits read as the letters they stand for, and twice the same word once.
fn bare_forms(folded: &str) -> Vec<String> {
    let hung_on = |c: char| !c.is_alphabetic();
    let stripped = folded.trim_matches(hung_on);
    let behind = folded.trim_end_matches(hung_on);
    let mut forms: Vec<String> = [stripped, behind, folded]
        .into_iter()
        .flat_map(|form| [form.to_owned(), read_as_letters(form)])
        .collect();
    let halves: Vec<String> = forms.iter().filter_map(|form| half(form)).collect();
    forms.extend(halves);
    forms.retain(|form| form.chars().count() >= 3);
    forms
}

/// `p@ssw0rd` is `password`.
fn read_as_letters(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        c => c,
    };
    let read: String = text.chars().map(letter).collect();
    read.trim_matches(|c: char| !c.is_alphabetic()).to_owned()
}

fn half(text: &str) -> Option<String> {
    let (front, back) = text.split_at_checked(text.len() / 2)?;
    (front == back).then(|| front.to_owned())
}

/// One piece of at most four characters over and over: `aaaaaaaa`, `abcabcabc`, `12121212`.
fn said_again(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|piece| {
        chars.len() >= 3 * piece
            && chars
                .iter()
                .zip(chars.iter().skip(piece))
                .all(|(a, b)| a == b)
    })
}

/// The whole of it is at most three stretches of rows: `qwertyuiop`, `abc12345`, `asdfghjkl;`.
fn walked(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    for _ in 0..3 {
        at += longest_stretch(chars.get(at..).unwrap_or_default());
        if at >= chars.len() {
            return true;
        }
    }
    false
}

fn longest_stretch(chars: &[char]) -> usize {
    let longest = |row: &str| {
        (3..=chars.len())
            .take_while(|&length| {
                let piece: String = chars.iter().take(length).collect();
                let back: String = piece.chars().rev().collect();
                row.contains(&piece) || row.contains(&back)
            })
            .last()
            .unwrap_or_default()
    };
    ROWS.iter()
        .map(|row| longest(row))
        .max()
        .unwrap_or_default()
}

/// Whether a word is a name of the context, or the part of an address before its `@`.
fn names(name: &str, word: &str) -> bool {
    let name = name.to_lowercase();
    let local = name.split('@').next().unwrap_or_default();
    [name.as_str(), local].iter().any(|name| {
        let bare = name.trim_matches(|c: char| !c.is_alphabetic());
        bare.chars().count() >= 3 && bare == word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_6_2_4_the_commonest_passwords_are_known_in_every_dress() {
        for common in [
            "password",
            "Password1",
            "P@ssw0rd!",
            "passw0rd123",
            "12345678",
            "123456789",
            "1234567890",
            "87654321",
            "qwertyuiop",
            "QWERTY123",
            "1q2w3e4r",
            "1qaz2wsx",
            "asdfghjkl",
            "zxcvbnm123",
            "iloveyou1",
            "sunshine",
            "princess99",
            "football!",
            "letmein2024",
            "welcome1!",
            "dragon123",
            "trustno1!",
            "aaaaaaaa",
            "11111111",
            "abcabcabc",
            "12121212",
            "abc12345",
            "abcd1234",
            "monkeymonkey",
            "superman1",
            "Summer2024!",
            "qwerty12345",
            "!!baseball",
            "1234qwer",
            "changeme1",
            "administrator",
            "starwars77",
            "michelle1",
        ] {
            assert!(is_guessable(common, &[]), "{common}");
        }
    }

    #[test]
    fn sec_6_2_11_words_of_the_context_are_refused() {
        let context = ["Doorward", "lovelace@example.com"];
        for word in [
            "Doorward1!",
            "d00rward2024",
            "lovelace99",
            "LOVELACE@example.com",
        ] {
            assert!(is_guessable(word, &context), "{word}");
            assert!(!is_guessable("correct horse battery", &context));
        }
    }

    #[test]
    fn a_phrase_or_a_random_text_is_not_common() {
        for good in [
            "correct horse battery staple",
            "tr0ub4dor&3",
            "purple-monkey-dishwasher",
            "xK9#mQ2$vL",
            "ich mag Käse sehr",
            "dragonfly over the lake",
            "jV7pWq3n",
            "пароль без смысла",
        ] {
            assert!(!is_guessable(good, &["Doorward"]), "{good}");
        }
    }

    #[test]
    fn nothing_makes_it_panic() {
        for text in ["", "é", "日本日本", "🔑🔑🔑🔑", "a\u{0301}a\u{0301}", "ß"] {
            let _ = is_guessable(text, &[text]);
        }
    }
}
