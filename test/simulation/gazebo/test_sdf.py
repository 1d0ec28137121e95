# Copyright 2026 digiphys_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

from pathlib import Path
import shutil
import subprocess
from xml.etree import ElementTree

import cv2
from digiphys_ros.applications import APPLICATIONS
from digiphys_ros.applications.sorting.conveyor import Conveyor, DIVERTER_M, SIDE_M
from digiphys_ros.applications.sorting.scene import BLADE_M, REJECT_RAD
from digiphys_ros.resources import share_dir
from digiphys_ros.simulation.gazebo.links import rotation
from digiphys_ros.simulation.gazebo.sdf import world_files, write_world
from digiphys_ros.simulation.physics.description import Body, Camera, Part, Shape, World
from digiphys_ros.simulation.physics.mjcf import to_mjcf
from digiphys_ros.simulation.physics.physics import load_mujoco
import numpy as np
import pytest

FOLDER = share_dir() / 'worlds'
OCTAGON = ((0.3, 0.0), (0.7, 0.0), (1.0, 0.3), (1.0, 0.7), (0.7, 1.0), (0.3, 1.0), (0.0, 0.7),
           (0.0, 0.3))
WORLDS = {gazebo.world: gazebo for name in APPLICATIONS.built_in
          if (gazebo := APPLICATIONS[name].gazebo)}
CHECKER = next((tool for tool in ('gz', 'ign') if shutil.which(tool)), None)


def wheel(name, y):
    return Body(name, (Part('tyre', Shape('cylinder', (0.2, 0.2, 0.04)), solid=True, mass_kg=0.4,
                            rotation_rad=(np.pi / 2, 0.0, 0.0)),),
                (0.05, y, -0.05), motion='wheel', parent='base', torque_nm=2.0)


SMALL = World(
    'small',
    (Body('house', (Part('wall', Shape('box', (1.0, 2.0, 3.0)), (0.8, 0.2, 0.1), solid=True,
                         position_m=(0.0, 0.0, 1.5), rotation_rad=(0.1, -0.2, 0.3)),
                    Part('ball', Shape('sphere', (0.4, 0.4, 0.4)), position_m=(0.0, 1.0, 3.2))),
          (4.0, -1.0, 0.0), (0.0, 0.0, 0.7)),
     Body('sign', (Part('board', Shape('face', (0.0, 0.6, 0.5), OCTAGON), texture='stop sign',
                        position_m=(0.02, 0.0, 1.0)),
                   Part('back', Shape('face', (0.0, 0.6, 0.5)), rotation_rad=(0.0, 0.0, np.pi))),
          (3.0, 1.0, 0.0), (0.0, 0.0, np.pi), motion='moved'),
     Body('base', (Part('hull', Shape('box', (0.4, 0.3, 0.1)), mass_kg=3.0, solid=True,
                        friction=0.1),
                   Part('head', Shape('box', (0.1, 0.1, 0.1)), mass_kg=1.0,
                        position_m=(0.1, 0.0, 0.2))),
          (0.0, 0.0, 0.15), (0.0, 0.0, 0.5), motion='free'),
     wheel('left', 0.2), wheel('right', -0.2)),
    (Camera('front', (0.2, 0.0, 0.3), (0.0, 0.1, 0.0), body='base'),),
    {'stop sign': np.full((16, 16, 3), (200, 10, 20), np.uint8),
     'grass': np.full((8, 8, 3), (20, 120, 30), np.uint8)}, ground='grass')


def made(name):
    """Return a world and its drives."""
    if name == 'small':
        return SMALL, {}
    return WORLDS[name].describe(), WORLDS[name].drives


def numbers(text):
    return np.array([float(word) for word in (text or '0 0 0 0 0 0').split()])


def pose(position, turn):
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, position
    return matrix


def turned(quaternion):
    w, x, y, z = quaternion
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                     [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                     [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]])


def mjcf_shapes(world):
    """Return pose in the world and corner or size of every geom, by body/part."""
    root = ElementTree.fromstring(to_mjcf(world)[0])
    meshes = {mesh.get('name'): numbers(mesh.get('vertex')).reshape(-1, 3)
              for mesh in root.iter('mesh')}
    shapes = {}

    def walk(element, frame):
        for geom in element.findall('geom'):
            if geom.get('name') == 'ground':
                continue
            kind, size = geom.get('type'), numbers(geom.get('size'))
            full = {'sphere': 2 * size[:1], 'mesh': meshes.get(geom.get('mesh'))}.get(
                kind, 2 * size)
            place = pose(numbers(geom.get('pos')), turned(numbers(geom.get('quat'))))
            shapes[geom.get('name').replace(' ', '_')] = kind, frame @ place, full
        for body in element.findall('body'):
            walk(body, frame @ pose(numbers(body.get('pos')), turned(numbers(body.get('quat')))))
    walk(root.find('worldbody'), np.eye(4))
    return shapes


def placed(element):
    values = numbers(element.findtext('pose'))
    return pose(values[:3], rotation(values[3:]))


def sdf_shapes(world, drives):
    """Return the same for every visual."""
    files = world_files(world, drives)
    shapes = {}

    def links(model, frame, folder):
        frames = {}
        for link in model.findall('link'):
            where = link.find('pose')
            parent = frame if where is None else frames.get(where.get('relative_to'), frame)
            frames[link.get('name')] = parent @ placed(link)
            for visual in link.findall('visual'):
                [shape] = visual.find('geometry')
                shapes[f'{link.get("name")}/{visual.get("name")}'] = (
                    shape.tag, frames[link.get('name')] @ placed(visual), full(shape, folder))

    def full(shape, folder):
        if shape.tag == 'box':
            return numbers(shape.findtext('size'))
        if shape.tag == 'sphere':
            return 2 * numbers(shape.findtext('radius'))
        if shape.tag == 'cylinder':
            return np.array([2 * float(shape.findtext('radius')), float(shape.findtext('length'))])
        mesh = files[str(Path(folder, shape.findtext('uri'))).replace('models/../', '')
                     .replace(f'{world.name}_machine/../', '')].decode()
        return np.array([numbers(line[2:]) for line in mesh.splitlines()
                         if line.startswith('v ')]) * numbers(shape.findtext('scale'))
    root = ElementTree.fromstring(files[f'{world.name}.sdf']).find('world')
    for model in root.findall('model'):
        if model.get('name') != 'ground':
            links(model, placed(model), '.')
    folder = f'models/{world.name}_machine'
    links(ElementTree.fromstring(files[f'{folder}/model.sdf']).find('model'), np.eye(4), folder)
    return shapes


@pytest.mark.parametrize('name', ['small', *WORLDS])
def test_world_files_geometry_matches_mujoco(name):
    world, drives = made(name)
    mjcf, sdf = mjcf_shapes(world), sdf_shapes(world, drives)
    hidden = {f'{body.name}/{part.name}'.replace(' ', '_')
              for body in world.bodies for part in body.parts if not part.visible}
    assert len(mjcf) == sum(len(body.parts) for body in world.bodies)
    assert mjcf.keys() - hidden == sdf.keys()
    for part, (kind, place, size) in sdf.items():
        assert mjcf[part][0] == kind, part
        assert mjcf[part][1] == pytest.approx(place, abs=1e-6), part
        if kind == 'mesh':
            # the corners, wherever each begins; MuJoCo's fan has its middle besides
            *corners, middle = mjcf[part][2]
            assert middle == pytest.approx(np.mean(corners, axis=0), abs=1e-6), part
            apart = np.linalg.norm(np.array(corners)[:, None] - size[None], axis=-1)
            assert apart.shape[0] == apart.shape[1], part
            assert max(apart.min(axis=0).max(), apart.min(axis=1).max()) < 2e-6, part
        else:
            assert mjcf[part][2] == pytest.approx(size, abs=1e-6), part


def test_machine_has_a_differential_drive():
    model = ElementTree.fromstring(world_files(SMALL)['models/small_machine/model.sdf'])[0]
    drive = model.find('plugin')
    assert drive.get('filename') == 'gz-sim-diff-drive-system'
    assert float(drive.findtext('wheel_separation')) == pytest.approx(0.4)
    assert float(drive.findtext('wheel_radius')) == pytest.approx(0.1)
    assert drive.findtext('left_joint') == 'left_joint'
    names = {link.get('name') for link in model.findall('link')}
    assert names == {'base', 'left', 'right', 'camera'}
    for joint in model.findall('joint'):
        assert {joint.findtext('parent'), joint.findtext('child')} <= names


def test_world_files_mass_and_inertia_match_mujoco():
    model = load_mujoco().MjModel.from_xml_string(*to_mjcf(SMALL))
    own = ElementTree.fromstring(world_files(SMALL)['models/small_machine/model.sdf'])[0]
    for link in own.findall('link')[:3]:
        inertial, body = link.find('inertial'), model.body(link.get('name'))
        assert float(inertial.findtext('mass')) == pytest.approx(body.mass[0])
        assert numbers(inertial.findtext('pose'))[:3] == pytest.approx(body.ipos, abs=1e-6)
        values = {one.tag: float(one.text) for one in inertial.find('inertia')}
        tensor = np.array([[values['i' + ''.join(sorted((a, b)))] for a in 'xyz'] for b in 'xyz'])
        assert sorted(np.linalg.eigvalsh(tensor)) == pytest.approx(sorted(body.inertia), rel=1e-4)


@pytest.mark.parametrize('name', WORLDS)
def test_shipped_worlds_camera_poses_match_the_description(name):
    world = WORLDS[name].describe()
    model = ElementTree.parse(FOLDER / f'models/{name}_machine/model.sdf').getroot()[0]
    frames = {link.get('name'): placed(link) for link in model.findall('link')}
    carrier = model.find("link[@name='camera']/pose").get('relative_to')
    [described] = world.cameras
    assert carrier == described.body
    own = pose(described.position_m, rotation(described.rotation_rad))
    assert frames['camera'] == pytest.approx(own, abs=1e-6)
    if carrier:
        assert frames[carrier] == pytest.approx(np.eye(4), abs=1e-6)
    lens = model.find('.//sensor/camera')
    size = [int(lens.findtext(f'image/{side}')) for side in ('width', 'height')]
    assert size == [described.width_px, described.height_px]
    high = np.tan(float(lens.findtext('horizontal_fov')) / 2) * size[1] / size[0]
    assert high == pytest.approx(np.tan(described.field_of_view_y_rad / 2), rel=1e-6)
    assert float(model.findtext('.//sensor/update_rate')) == described.rate_hz


@pytest.mark.parametrize('name', WORLDS)
def test_shipped_worlds_do_not_draw_collision_only_parts(name):
    hidden = [(body.name.replace(' ', '_'), part.name) for body in WORLDS[name].describe().bodies
              for part in body.parts if not part.visible]
    links = {link.get('name'): link
             for file in (f'{name}.sdf', f'models/{name}_machine/model.sdf')
             for link in ElementTree.parse(FOLDER / file).iter('link')}
    for body, part in hidden:
        assert links[body].find(f"visual[@name='{part}']") is None, (body, part)
        assert links[body].find(f"collision[@name='{part}_collision']") is not None, (body, part)


def test_shipped_worlds_loose_parts_are_supported_without_the_machine():
    world = ElementTree.parse(FOLDER / 'sorting_line.sdf').getroot().find('world')
    bed, *others = [model for model in world.findall('model')
                    if model.get('name') == 'bed' or model.find('static') is None]
    assert bed.get('name') == 'bed'
    assert world.find("model[@name='floor']/link/collision") is not None
    assert bed.findtext('static') == 'true'
    size = numbers(bed.findtext('.//collision/geometry/box/size'))
    top = numbers(bed.findtext('.//collision/pose'))[2] + size[2] / 2
    # the belt, once it is there, carries them instead
    assert -0.001 < top < -0.0002
    assert len(others) == 5
    places = np.array([numbers(model.findtext('pose'))[:3] for model in others])
    assert (abs(places[:, :2]) < size[:2] / 2).all()
    assert places[:, 2] == pytest.approx(0.0)
    # none is past the camera's middle, and each leaves the blade before the next is judged there
    assert places[0, 0] + SIDE_M / 2 < 0.0
    blade_m = BLADE_M * np.cos(REJECT_RAD)
    assert (-np.diff(places[:, 0]) > DIVERTER_M + blade_m + SIDE_M).all()


def test_machine_blade_speed_matches_the_embedded_simulator():
    model = ElementTree.parse(FOLDER / 'models/sorting_line_machine/model.sdf').getroot()[0]
    [controller] = [one for one in model.findall('plugin') if one.find('joint_name') is not None]
    # without a limit it is there in one step of 4 ms, and strikes what is in the way
    swing_rad = float(controller.findtext('cmd_max')) * Conveyor.DIVERTER_S
    assert swing_rad == pytest.approx(-REJECT_RAD)


@pytest.mark.parametrize('name', WORLDS)
def test_plugins_have_names_that_every_gazebo_knows(name):
    found = {}
    for file in (f'{name}.sdf', f'models/{name}_machine/model.sdf'):
        for one in ElementTree.parse(FOLDER / file).iter('plugin'):
            found[one.get('filename')] = one.get('name').rpartition('::')
    assert all(file.startswith('gz-sim-') and file.endswith('-system') for file in found)
    # Fortress 6.16 and 6.17 have the new name for all but one; Jetty takes the old one as well
    old = {file for file, (space, *_) in found.items() if space == 'ignition::gazebo::systems'}
    assert old == {file for file in found if file == 'gz-sim-odometry-publisher-system'}
    assert {space for file, (space, *_) in found.items() if file not in old} == {
        'gz::sim::systems'}


@pytest.mark.parametrize('name', WORLDS)
def test_world_files_every_visual_has_a_color(name):
    for file in (f'{name}.sdf', f'models/{name}_machine/model.sdf'):
        for material in ElementTree.parse(FOLDER / file).iter('material'):
            assert max(numbers(material.findtext('diffuse'))[:3]) > 0
            if material.find('pbr') is not None:
                assert list(numbers(material.findtext('diffuse'))) == [1.0] * 4


def test_machine_camera_field_of_view_matches_mujoco():
    model = ElementTree.fromstring(world_files(SMALL)['models/small_machine/model.sdf'])[0]
    camera = model.find('.//sensor/camera')
    wide = float(camera.findtext('horizontal_fov'))
    assert np.tan(wide / 2) * 480 / 640 == pytest.approx(np.tan(0.4))
    assert float(camera.findtext('noise/stddev')) > 0
    assert [camera.findtext(f'image/{side}') for side in ('width', 'height')] == ['640', '480']


def test_mesh_files_face_is_upright_and_visible_from_the_front():
    lines = world_files(SMALL)['models/small/meshes/face.obj'].decode().splitlines()
    corners = np.array([numbers(line[2:]) for line in lines if line.startswith('v ')])
    imaged = np.array([numbers(line[3:]) for line in lines if line.startswith('vt')])
    assert np.cross(corners[1] - corners[0], corners[2] - corners[1])[0] > 0
    # from the front, +y is at the right hand; a texture's v goes up
    assert imaged[:, 0] == pytest.approx(corners[:, 1] + 0.5)
    assert imaged[:, 1] == pytest.approx(corners[:, 2] + 0.5)


def same(name, written, committed):
    if not name.endswith('.png'):
        return written == committed
    # encoders differ in their bytes from version to version, and OpenCV 4 in its letters
    one, other = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
                  for data in (written, committed))
    return one.shape == other.shape if int(cv2.__version__[0]) < 5 else np.array_equal(one, other)


@pytest.mark.parametrize('name', WORLDS)
def test_write_world_matches_the_committed_worlds(name):
    files = world_files(*made(name))
    own = [FOLDER / f'{name}.sdf', *(path for folder in (name, f'{name}_machine')
                                     for path in (FOLDER / 'models' / folder).rglob('*'))]
    committed = {str(path.relative_to(FOLDER)): path.read_bytes()
                 for path in own if path.is_file()}
    assert files.keys() == committed.keys(), 'run tools/write_worlds.py'
    assert not [file for file in files if not same(file, files[file], committed[file])], \
        'run tools/write_worlds.py'


@pytest.mark.parametrize('name', ['small', *WORLDS])
@pytest.mark.skipif(CHECKER is None, reason='neither gz nor ign is installed '
                    '(apt: ignition-tools libsdformat-dev)')
def test_world_files_are_accepted_by_sdformat(name, tmp_path):
    world, drives = made(name)
    write_world(world, tmp_path, drives)
    for file in (f'{name}.sdf', f'models/{name}_machine/model.sdf'):
        done = subprocess.run([CHECKER, 'sdf', '--check', tmp_path / file], capture_output=True,
                              text=True, timeout=300)
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        assert 'Valid.' in output
        assert 'Warning' not in output, output
