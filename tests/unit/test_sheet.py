"""A workbook of Excel is read as CSV would be: numbers, truths and days as what a person sees in them."""

import io
import zipfile

from doorstroom_client.spreadsheets.sheet import read_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{RELATION}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{RELATION}/styles" Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}">'
    '<sheets><sheet name="beds" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
}


def workbook(rows: str) -> bytes:
    """A workbook with this in its only sheet."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, text in PARTS.items():
            file.writestr(name, text)
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        file.writestr("xl/worksheets/sheet1.xml", sheet)
    return packed.getvalue()


def text(place: str, value: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def test_a_workbook_is_read_with_the_lines_that_excel_shows() -> None:
    """The header need not come first, an empty row is none, and a column that is not known is left alone."""
    rows = (
        f'<row r="2">{text("B2", "Plaatsen")}{text("C2", "remarks")}'
        f"{text('D2', 'kinderen')}{text('E2', 'vrij_vanaf')}</row>"
        f'<row r="4"><c r="B4"><v>3</v></c>{text("C4", "nothing")}<c r="D4" t="b"><v>1</v></c>'
        '<c r="E4" s="1"><v>46204</v></c></row>'
    )
    columns = {"plaatsen": "places", "kinderen": "children", "vrij_vanaf": "available_from"}
    (row,) = read_sheet(workbook(rows), columns)
    assert row.line == 4
    assert row.cells["places"] == "3"
    assert row.cells["children"] == "yes"
    assert row.cells["available_from"].startswith("2026-07-01")
    assert set(row.cells) == set(columns.values())


def test_columns_that_are_not_known_are_left_alone_and_told() -> None:
    """By where they are, since what stands in a heading may be anything; spaces and hyphens in others do no harm."""
    notes: list[str] = []
    columns = {"age_bands": "age_bands", "leeftijden": "age_bands", "vrij_vanaf": "available_from"}
    content = f"Vrij vanaf;Age-Bands{';' * 25}anything\n2027-01-01;all{';' * 25}x\n".encode()
    (row,) = read_sheet(content, columns, notes.append)
    assert row.cells == {"available_from": "2027-01-01", "age_bands": "all"}
    assert row.named("available_from") == "vrij_vanaf"
    assert notes == ["column AA is left alone: its heading is not one that is known"]
