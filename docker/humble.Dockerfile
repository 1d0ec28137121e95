# docker build -f docker/humble.Dockerfile -t digiphys_ros:humble .
# The Dockerfiles differ only in the distribution; a test compares them.
FROM ros:humble-ros-base AS development

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive
ENV PIP_BREAK_SYSTEM_PACKAGES=1
ENV PIP_NO_CACHE_DIR=1
WORKDIR /workspace

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        build-essential \
        git \
        libegl1 \
        libgl1 \
        libgl1-mesa-dri \
        libgles2 \
        python3-dev \
        python3-pip \
        python3-venv \
    && rm -rf /var/lib/apt/lists/*

COPY package.xml requirements-robot.txt src/digiphys_ros/
RUN apt-get update \
    && rosdep update --rosdistro "$ROS_DISTRO" \
    && rosdep install -y --from-paths src --ignore-src \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m pip install --user -r src/digiphys_ros/requirements-robot.txt

FROM development AS robot

COPY . src/digiphys_ros
RUN . "/opt/ros/$ROS_DISTRO/setup.sh" \
    && colcon build --packages-select digiphys_ros

ENTRYPOINT ["/workspace/src/digiphys_ros/docker/entrypoint.sh"]
CMD ["ros2", "launch", "digiphys_ros", "pipeline.launch.py", "camera:=false", "transport:=robot"]
