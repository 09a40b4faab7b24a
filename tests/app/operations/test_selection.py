from app.operations.selection import counted, numbered, picked


def test_values_are_numbered_across_conditions() -> None:
    text, values = numbered([("a = ?", (1,)), ("b", ()), ("(c = ? OR c IN (?, ?))", (2, 3, 4))])

    assert text == "a = $1 AND b AND (c = $2 OR c IN ($3, $4))"
    assert values == [1, 2, 3, 4]


def test_values_are_numbered_behind_those_that_are_taken() -> None:
    assert numbered([("a = ?", (1,)), ("b = ?", (2,))], 3) == ("a = $4 AND b = $5", [1, 2])


def test_lanes_share_their_values() -> None:
    text, values = picked("delivery", "id", [[("a = ?", (1,)), ("s = 'X'", ())], [("a = ?", (1,)), ("s = 'Y'", ())]], 5)

    assert values == [1]
    assert text == (
        "SELECT * FROM (SELECT * FROM (SELECT id FROM delivery WHERE a = $1 AND s = 'X' ORDER BY id LIMIT 5) AS lane0"
        " UNION ALL SELECT * FROM (SELECT id FROM delivery WHERE a = $1 AND s = 'Y' ORDER BY id LIMIT 5) AS lane1)"
        " AS found ORDER BY id LIMIT 5"
    )


def test_counting_stops_one_beyond_the_limit() -> None:
    text, _ = counted("event e", [[("a = ?", (1,))]], by="workspace_id")

    assert text.count("LIMIT 1000001") == 2
