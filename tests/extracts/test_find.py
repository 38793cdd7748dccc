import io
import zipfile

import pytest

from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.extracts import formats, missing_sources, reading
from pipelines.extracts.find import find_files

CSV = "姓名,身份证号\n张三,1\n"


def packed(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def gbk_zip(name, content):
    """A zip as Chinese Windows packs it: the member's name in GBK, without the flag that says UTF-8."""
    placeholder = "x" * len(name.encode("gbk"))
    return packed({placeholder: content}).replace(placeholder.encode(), name.encode("gbk"))


def names(office):
    return [file.name for file in find_files(office.folder)]


def test_files_are_found_in_folders_and_zips_in_the_order_of_their_names(office):
    office.put("b.csv", CSV)
    office.put("a/甲镇.csv", CSV)
    office.put("c.zip", packed({"d/x.csv": CSV, "a.csv": CSV}))
    assert names(office) == ["a/甲镇.csv", "b.csv", "c.zip/a.csv", "c.zip/d/x.csv"]


def test_what_is_no_data_is_left_out_and_said_where_it_could_be_meant(office):
    for name in (".DS_Store", "~$甲.xlsx", "__MACOSX/a.csv", "a.csv.part", "Thumbs.db"):
        office.put(name, "x")
    office.put("公函.pdf", "x")
    notes = []
    assert find_files(office.folder, notes.append) == []
    assert len(notes) == 1
    assert "公函.pdf" in notes[0]


def test_a_members_gbk_name_is_read(office):
    office.put("甲.zip", gbk_zip("结算表.csv", CSV))
    assert names(office) == ["甲.zip/结算表.csv"]


def test_a_zips_rows_are_read_like_a_folders(office):
    office.put("甲.zip", packed({"一.csv": CSV, "二.csv": CSV.replace("张三", "李四")}))
    counts = office.extract()
    assert counts["files"] == 2
    assert office.table().select("file", "row_no", "name").rows() == [("甲.zip/一.csv", 2, "张三"), ("甲.zip/二.csv", 2, "李四")]
    assert not list((office.home.root / "tmp").iterdir())


def test_a_member_that_would_climb_out_of_the_folder_is_only_a_label(office):
    office.put("甲.zip", packed({"../../escaped.csv": CSV}))
    office.extract()
    assert office.table()["file"].to_list() == ["甲.zip/escaped.csv"]
    assert not list(office.drop.parent.rglob("escaped.csv"))


@pytest.mark.parametrize("cut", [30, 60, -30, -5])
def test_a_zip_cut_off_is_refused_and_nothing_written(office, cut):
    office.put("甲.zip", packed({"a.csv": CSV * 100})[:cut])
    with pytest.raises(DataError, match="不完整"):
        office.extract()
    assert not office.lake()


def test_a_zip_with_a_damaged_member_is_refused(office):
    octets = bytearray(packed({"a.csv": CSV * 100}))
    octets[45:60] = bytes(15)
    office.put("甲.zip", bytes(octets))
    with pytest.raises(DataError, match="损坏"):
        office.extract()


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(office, monkeypatch):
    monkeypatch.setattr(formats, "_BOMB_BYTES", 100_000)
    office.put("甲.zip", packed({"a.csv": b"\0" * 5_000_000}))
    with pytest.raises(DataError, match="大得不正常"):
        office.extract()


def test_zips_in_zips_and_locked_ones_are_told(office):
    office.put("甲.zip", packed({"b.zip": packed({"a.csv": CSV})}))
    with pytest.raises(DataError, match="压缩包里还有压缩包"):
        office.extract()
    locked = bytearray(packed({"a.csv": CSV}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    office.put("甲.zip", bytes(locked))
    with pytest.raises(DataError, match="密码"):
        office.extract()


@pytest.mark.parametrize("name", ["a.rar", "a.7z", "a.csv.gz"])
def test_archives_that_are_not_read_stop_rather_than_be_lost(office, name):
    office.put(name, b"Rar!")
    with pytest.raises(DataError, match="压缩包"):
        office.extract()


def test_a_source_without_a_file_is_missing_in_the_contracts_order(tmp_path):
    contracts = load_contracts()
    path = tmp_path / "2026-10" / "police_household" / "town" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_text(CSV)
    (tmp_path / "2026-10" / "marriage").mkdir()
    (tmp_path / "2026-10" / "marriage" / "readme.md").write_text("x")
    missing = missing_sources(tmp_path, "2026-10", contracts)
    assert missing == [source for source in contracts if source != "police_household"]
    assert missing_sources(tmp_path, "2026-10", contracts.values()) == missing


def test_a_file_that_is_written_to_while_it_is_read_is_refused(office, monkeypatch):
    path = office.put("a.csv", CSV)
    real = reading.open_tables

    def meanwhile(*given):
        table = real(*given)
        path.write_text(CSV + "李四,2\n", encoding="utf-8")
        return table

    monkeypatch.setattr(reading, "open_tables", meanwhile)
    with pytest.raises(DataError, match="被改动"):
        office.extract()
    assert not office.lake()


def test_a_file_that_cannot_be_opened_is_told(office, monkeypatch):
    path = office.put("a.csv", CSV)
    real = type(path).open

    def locked(this, *given, **more):
        if this == path:
            raise PermissionError(13, "denied")
        return real(this, *given, **more)

    monkeypatch.setattr(type(path), "open", locked)
    with pytest.raises(DataError, match="打不开"):
        office.extract()
